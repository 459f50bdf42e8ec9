-- attack 111: rep-of-nothing
-- expect: contained|refused|stopped
local s = (''):rep(1e10) return #s
