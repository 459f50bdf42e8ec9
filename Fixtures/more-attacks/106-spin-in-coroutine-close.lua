-- attack 106: spin-in-coroutine-close
-- expect: stopped
local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end)
coroutine.resume(co) coroutine.close(co)
return 'ESCAPED'
