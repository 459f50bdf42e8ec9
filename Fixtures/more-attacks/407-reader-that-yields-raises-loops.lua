-- attack 407: reader-that-yields-raises-loops
-- expect: stopped
local co = coroutine.wrap(function() return load(function() coroutine.yield("x") end) end)
pcall(co)
pcall(load, function() error({}) end)
load(function() return setmetatable({}, { __tostring = function() return "return 1" end }) end)
pcall(load, function() load(function() error("inner") end) return nil end)
local n = 0
load(function() n = n + 1 while n > 3 do end return " " end)
