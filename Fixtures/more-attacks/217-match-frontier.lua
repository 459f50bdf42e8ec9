-- attack 217: match-frontier
-- expect: stopped|refused|contained
local s = ("a "):rep(300000) return s:gsub("%f[%w]%w*%f[%W]%s*$", "")
