-- attack 300: held-results-tables
-- expect: stopped|refused
local mf = require("mf") local hoard = {} while true do for i = 1, 20 do hoard[#hoard + 1] = mf.spawn(function() local t = {} for i = 1, 2e3 do t[i] = ("y"):rep(300) end return table.unpack(t, 1, 200) end) end mf.sleep(0) end
