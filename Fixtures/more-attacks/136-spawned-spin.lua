-- attack 136: spawned-spin
-- expect: stopped|refused|contained
local mf = require('mf') mf.spawn(function() while true do end end) mf.sleep(500) return 'waited'
