-- attack 221: rep-separator-large
-- expect: stopped|refused
return #(("x"):rep(1e6, ("y"):rep(1e6)))
