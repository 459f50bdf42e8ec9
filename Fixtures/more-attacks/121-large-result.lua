-- attack 121: large-result
-- expect: stopped|refused
return ('x'):rep(4e6)
