-- attack 124: deep-result
-- expect: stopped|refused
local t = {} for i = 1, 1e4 do t = { t } end return t
