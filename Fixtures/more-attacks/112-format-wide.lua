-- attack 112: format-wide
-- expect: stopped|refused|contained
local t = {} for i = 1, 2e5 do t[i] = 1e308 end
local ok, s = pcall(string.format, ('%99.99f'):rep(2e5), table.unpack(t)) return ok
