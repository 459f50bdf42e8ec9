-- attack 143: huge-vararg
-- expect: stopped|refused|contained
local t = {} for i = 1, 2e5 do t[i] = i end local function f(...) return select('#', ...) + #{ ... } end while true do f(table.unpack(t)) end
