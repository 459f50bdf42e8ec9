-- attack 295: spawn-outlives-the-call
-- expect: stopped|refused|contained
local mf = require("mf") for i = 1, 60 do mf.spawn(function() while true do mf.sleep(1) for i = 1, 1e4 do end end end) end return "done"
