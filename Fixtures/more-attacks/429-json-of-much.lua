-- attack 429: json-of-much
-- expect: stopped
local mf = require("mf")
local parts = {}
for i = 1, 90000 do parts[i] = "[1,{}]" end
local text = "[" .. table.concat(parts, ",") .. "]"
for i = 1, 1000 do mf.json.encode(mf.json.decode(text)) end
return "ESCAPED"
