-- attack 127: gsub-grows
-- expect: stopped|refused
local s = ('a'):rep(1000) while true do s = s:gsub('.', '%0%0%0%0') end
