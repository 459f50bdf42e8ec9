-- attack 149: error-in-close-chain
-- expect: stopped|refused|contained
local mt = { __close = function() error('x') end }
local function f(n) local a <close> = setmetatable({}, mt) if n > 0 then return (f(n - 1)) end end while true do pcall(f, 150) end
