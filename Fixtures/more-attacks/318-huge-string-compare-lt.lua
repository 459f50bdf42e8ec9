-- attack 318: huge-string-compare-lt
-- expect: stopped|refused
local s = ("a"):rep(4e6) local t = ("a"):rep(4e6) .. "b" local n = 0 while true do if s < t then n = n + 1 end if s == t then n = n + 1 end end
