-- attack 110: recursive-pcall
-- expect: stopped
local function f() while true do pcall(f) end end f()
