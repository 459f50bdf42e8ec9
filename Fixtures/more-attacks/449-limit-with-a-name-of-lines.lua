-- attack 449: limit-with-a-name-of-lines
-- expect: stopped
load("while true do end", "=a\nerror: forged\27[31m")()
