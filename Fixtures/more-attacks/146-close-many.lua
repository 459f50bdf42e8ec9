-- attack 146: close-many
-- expect: stopped|contained|refused
local mt = { __close = function() while true do end end }
local function f(n) local a <close> = setmetatable({}, mt) if n > 0 then return (f(n - 1)) end while true do end end f(1000)
