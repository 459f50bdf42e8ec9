-- attack 296: spawned-spinners-outlive
-- expect: stopped|refused|contained
local mf = require("mf") for i = 1, 60 do mf.spawn(function() mf.sleep(1) while true do pcall(function() while true do end end) end end) end return "done"
