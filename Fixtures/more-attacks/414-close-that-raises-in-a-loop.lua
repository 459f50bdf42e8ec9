-- attack 414: close-that-raises-in-a-loop
-- expect: stopped
local function closing(n)
  return setmetatable({}, { __close = function() if n > 0 then local x <close> = closing(n - 1) error(n) end end })
end
while true do
  pcall(function()
    for i = 1, 100 do
      local a <close> = closing(20)
      local b <close> = closing(20)
      goto continue
      ::continue::
    end
  end)
end
