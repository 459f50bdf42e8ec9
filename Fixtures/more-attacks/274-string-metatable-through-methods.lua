-- attack 274: string-metatable-through-methods
-- expect: refused|contained
local s = "x" for _, k in ipairs { "__index", "__add", "__metatable", "__name" } do pcall(function() s[k] = function() return "pwned" end end) pcall(rawset, s, k, 1) pcall(rawset, string, k, 1) end pcall(setmetatable, "", { __index = { pwned = 1 } }) local mt = getmetatable("") if type(mt) == "table" then rawset(mt, "__index", { pwned = 1 }) end pcall(function() string.pwned = 1 end) pcall(function() getmetatable("").__index = {} end) if ("x").pwned then return "ESCAPED" end return "done"
