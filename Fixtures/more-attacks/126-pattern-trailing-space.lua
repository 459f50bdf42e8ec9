-- attack 126: pattern-trailing-space
-- expect: stopped|refused
return (' '):rep(200000):gsub('%s*$', '') , (' '):rep(2000000):find('%s*x')
