-- attack 102: spin-in-nested-coroutines
-- expect: stopped
local function f(n) if n == 0 then while true do end end coroutine.wrap(f)(n - 1) end
pcall(f, 50) while true do pcall(f, 50) end
