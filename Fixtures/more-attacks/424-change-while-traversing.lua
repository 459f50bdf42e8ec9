-- attack 424: change-while-traversing
-- expect: stopped|refused
local t = {}
for i = 1, 1000 do t[i], t["k" .. i] = i, i end
local function traverse()
  for key in pairs(t) do
    t[key] = nil
    t[#t + 1] = key
    t[{}] = t
    collectgarbage("step")
  end
end
while true do pcall(traverse) end
