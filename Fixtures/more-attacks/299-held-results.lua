-- attack 299: held-results
-- expect: stopped|refused
local mf = require("mf") local hoard = {} local s = ("x"):rep(9e5) while true do local t = mf.spawn(function() return s .. "" end) mf.sleep(0) hoard[#hoard + 1] = t end
