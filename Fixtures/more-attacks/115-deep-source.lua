-- attack 115: deep-source
-- expect: refused|contained|stopped
for _, s in ipairs { '(', '{', 'function f() ', 'if x then ', '-', 'not ', 'a=', 'f(' } do load(s:rep(1e5)) load('return ' .. s:rep(1e5)) end return 'done'
