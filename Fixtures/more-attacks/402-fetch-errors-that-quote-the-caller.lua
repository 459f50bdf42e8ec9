-- attack 402: fetch-errors-that-quote-the-caller
-- expect: stopped|refused|contained
local mf, kept = require("mf"), {}
for i = 1, 2000 do
  local _, one = pcall(mf.fetch, "http://" .. ("h"):rep(900000) .. i)
  local _, two = pcall(mf.fetch, "http://api.acme.example/", { method = ("M "):rep(400000) })
  kept[#kept + 1] = one
  kept[#kept + 1] = two
end
local total = 0
for i = 1, #kept do total = total + #tostring(kept[i]) end
if total > 64 << 20 then return "ESCAPED with " .. (total >> 20) .. " MB of messages" end
