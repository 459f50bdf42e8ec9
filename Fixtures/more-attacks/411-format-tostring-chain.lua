-- attack 411: format-tostring-chain
-- expect: stopped|refused
local mt = {}
local t = setmetatable({}, mt)
mt.__tostring = function(v) return string.format("%s%s", v, v) end
pcall(tostring, t)
mt.__tostring = function(v) return ("y"):rep(1 << 19) end
local parts, all = ("%s"):rep(200), {}
for i = 1, 200 do all[i] = t end
return #parts:format(table.unpack(all))
