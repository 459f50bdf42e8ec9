-- attack 302: wait-for-itself
-- expect: stopped|refused
local mf = require("mf") local t t = mf.spawn(function() mf.sleep(1) return t:wait() end) t:wait() return "ESCAPED"
