-- attack 273: vararg-recursion
-- expect: stopped|refused|contained
local function f(...) return f(1, ...) end pcall(f) local function g(...) local t = { ... } return g(1, table.unpack(t)) end g() return "done"
