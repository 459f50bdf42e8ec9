-- attack 113: insert-with-lying-length
-- expect: stopped|refused
local t = setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return 1 end, __newindex = function() end })
pcall(table.insert, t, 1, 1) pcall(table.remove, t, 1) while true do end
