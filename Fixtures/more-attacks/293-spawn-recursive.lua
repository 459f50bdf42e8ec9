-- attack 293: spawn-recursive
-- expect: stopped|refused|contained
local mf = require("mf") local function f() mf.spawn(f) mf.spawn(f) mf.sleep(1) end f() mf.sleep(500) return "done"
