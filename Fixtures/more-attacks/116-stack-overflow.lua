-- attack 116: stack-overflow
-- expect: refused|contained|stopped
local function f(...) return 1 + f(1, ...) end pcall(f) local function g() return g() + 1 end pcall(g)
local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k + 1] end pcall(function() return t[1] end)
return 'done'
