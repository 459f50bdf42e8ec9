-- attack 403: paths-that-quote-the-caller
-- expect: stopped|refused|contained
local mf, kept = require("mf"), {}
local huge = ("k"):rep(900000)
for i = 1, 2000 do
  local _, problem = pcall(mf.json.encode, { [huge .. i] = function() end })
  local _, other = pcall(require, huge .. i)
  kept[#kept + 1] = problem
  kept[#kept + 1] = other
end
local total = 0
for i = 1, #kept do total = total + #tostring(kept[i]) end
if total > 64 << 20 then return "ESCAPED with " .. (total >> 20) .. " MB of messages" end
