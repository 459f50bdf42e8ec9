-- attack 405: sleep-storm
-- expect: stopped
local mf = require("mf")
for _, odd in ipairs { 0 / 0, 1 / 0, -1 / 0, -1, "x", {}, math.mininteger } do
  if pcall(mf.sleep, odd) then return "ESCAPED " .. tostring(odd) end
end
mf.sleep(-0.0) mf.sleep(5e-324)
local function storm() while true do mf.sleep(0) end end
for i = 1, 40 do mf.spawn(storm) end
storm()
