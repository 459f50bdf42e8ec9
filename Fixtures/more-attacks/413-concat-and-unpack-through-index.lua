-- attack 413: concat-and-unpack-through-index
-- expect: stopped
local t = setmetatable({}, { __index = function(_, i) return i end, __len = function() return 1 << 52 end })
pcall(table.concat, t, ",")
pcall(table.unpack, t)
while true do pcall(table.concat, t, ",", 1, 1 << 30) end
