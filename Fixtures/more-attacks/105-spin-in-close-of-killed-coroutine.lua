-- attack 105: spin-in-close-of-killed-coroutine
-- expect: stopped
local co = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end end)
pcall(co) while true do pcall(co) end
