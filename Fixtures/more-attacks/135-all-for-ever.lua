-- attack 135: all-for-ever
-- expect: stopped|refused
local mf = require('mf') local f = {} for i = 1, 60 do f[i] = function() while true do end end end mf.all(f) return 'ESCAPED'
