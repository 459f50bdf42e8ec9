-- attack 442: sort-concat-move-through-c-metamethods
-- expect: stopped
local lying = setmetatable({}, { __len = function() return 1e9 end, __index = type, __newindex = rawequal })
pcall(table.sort, lying, rawequal) pcall(table.concat, lying) table.move(lying, 1, 1e9, 1, lying)
