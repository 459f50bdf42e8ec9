-- attack 421: json-nested
-- expect: stopped|refused|contained
local mf = require("mf")
for _, open in ipairs { "[", '{"a":', "[[", '[{"a":' } do
  if pcall(mf.json.decode, open:rep(100000)) then return "ESCAPED" end
end
local t = {}
local deep = t
for i = 1, 100000 do deep[1] = {} deep = deep[1] end
if pcall(mf.json.encode, t) then return "ESCAPED" end
deep[1] = t
if pcall(mf.json.encode, t) then return "ESCAPED" end
