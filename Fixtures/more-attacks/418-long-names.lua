-- attack 418: long-names
-- expect: stopped|refused|contained
local name = ("n"):rep(200000)
pcall(load("local " .. name .. " = 1; return function() return " .. name .. " + nil_" .. name .. " end")())
pcall(load("return " .. name .. "." .. name .. "." .. name))
for i = 1, 200 do _ENV[name .. i] = i end
error(setmetatable({}, { __name = name }))
