-- attack 227: insert-lying-len-c-metamethods
-- expect: stopped|refused
local t = setmetatable({}, { __len = function() return 1 << 40 end, __index = math.max, __newindex = rawequal }) pcall(table.insert, t, 1, 1) pcall(table.remove, t, 1) return table.move(t, 1, 1 << 40, 2, t)
