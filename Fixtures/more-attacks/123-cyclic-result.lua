-- attack 123: cyclic-result
-- expect: stopped|refused
local t = {} t.t = t return t
