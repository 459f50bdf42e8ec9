-- attack 144: utf8-loops
-- expect: stopped|refused|contained
local s = ('ä'):rep(1e6) while true do utf8.len(s) utf8.offset(s, 9e5) for _ in utf8.codes(s) do end end
