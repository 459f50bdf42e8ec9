-- attack 338: pattern-huge-set
-- expect: stopped|refused
local s, p = ("b"):rep(1e5), "[" .. ("a"):rep(4e6) .. "]*c" return s:find(p) or s:match("x" .. p) or s:gsub(p, "")
