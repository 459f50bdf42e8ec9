-- attack 319: huge-string-compare-zeros
-- expect: stopped|refused
local s = ("\0"):rep(7e6) local t = {} for i = 1, 1000 do t[i] = s end table.sort(t) return "ESCAPED"
