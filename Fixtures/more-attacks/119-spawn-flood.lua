-- attack 119: spawn-flood
-- expect: stopped|refused
local mf = require('mf') for i = 1, 1e6 do mf.spawn(function() mf.sleep(1e6) end) end return 'ESCAPED'
