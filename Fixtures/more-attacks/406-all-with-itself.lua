-- attack 406: all-with-itself
-- expect: stopped|refused
local mf = require("mf")
local list = {}
for i = 1, 8 do list[i] = function() return mf.all(list) end end
list[9] = list
setmetatable(list, { __index = list, __len = function() return 1 << 60 end, __pairs = function() return next, list end })
mf.all(list)
