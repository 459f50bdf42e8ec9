-- attack 229: sort-huge-equal-strings
-- expect: stopped|refused
local s, t = ("a"):rep(7e6), {} for i = 1, 5e4 do t[i] = s end table.sort(t) return "ESCAPED"
