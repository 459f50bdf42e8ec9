-- attack 422: select-of-a-huge-unpack
-- expect: stopped|refused
local t = {}
for i = 1, 190000 do t[i] = i end
local function count(...) return select("#", ...) + select("#", select(-1, ...)) end
while true do
  pcall(count, table.unpack(t))
  pcall(select, -1, table.unpack(t))
  pcall(string.char, table.unpack(t))
  pcall(math.max, table.unpack(t))
  pcall(table.pack, table.unpack(t))
end
