-- attack 415: wrap-as-iterator
-- expect: stopped
local function numbers()
  return coroutine.wrap(function()
    while true do coroutine.yield(coroutine.wrap(function() coroutine.yield(1) end)) end
  end)
end
for inner in numbers() do
  for value in inner do
    for deeper in numbers() do if deeper() ~= 1 then return "ESCAPED" end break end
  end
end
