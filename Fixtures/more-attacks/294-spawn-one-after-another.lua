-- attack 294: spawn-one-after-another
-- expect: stopped|refused|contained
local mf = require("mf") local function f() for i = 1, 2e5 do local x = i end mf.spawn(f) end f() mf.sleep(700) return "done"
