-- attack 232: sort-comparator-mutates
-- expect: refused|contained|stopped
local t = {} for i = 1, 1e4 do t[i] = i % 7 end pcall(table.sort, t, function(a, b) t[#t + 1] = 1 t[1] = nil return (a or 0) < (b or 0) end) return "done"
