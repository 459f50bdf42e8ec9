-- attack 131: log-flood
-- expect: stopped|refused|contained
local mf = require('mf') while true do mf.log.info(('x'):rep(1e5)) print(('y'):rep(1e5)) end
