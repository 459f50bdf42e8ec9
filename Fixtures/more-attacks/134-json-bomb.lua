-- attack 134: json-bomb
-- expect: stopped|refused|contained
local mf = require('mf') pcall(mf.json.decode, ('['):rep(1e5)) local t = {} t[1] = t pcall(mf.json.encode, t) while true do mf.json.decode('[' .. ('1,'):rep(1e5) .. '1]') end
