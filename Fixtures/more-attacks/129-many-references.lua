-- attack 129: many-references
-- expect: stopped|refused|contained
local mf = require('mf') local t = {} for i = 1, 1e5 do t[i] = function() end end return t
