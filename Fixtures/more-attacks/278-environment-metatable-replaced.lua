-- attack 278: environment-metatable-replaced
-- expect: refused|contained
pcall(setmetatable, _G, { __index = function() while true do end end, __newindex = error, __metatable = 1 }) return function() return "done" end
