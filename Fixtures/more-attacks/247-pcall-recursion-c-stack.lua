-- attack 247: pcall-recursion-c-stack
-- expect: refused|contained|stopped
local function f() return pcall(f) end f() local function g() return (("x"):gsub(".", g)) end pcall(g) local function h() table.sort({ 1, 2 }, h) end pcall(h) local t = setmetatable({}, {}) getmetatable(t).__index = t pcall(function() return t.x end) return "done"
