-- attack 447: thousands-of-functions
-- expect: stopped|refused
local t = {} for i = 1, 50000 do t[i] = function() end end return t
