-- attack 107: nested-coroutine-close
-- expect: refused|contained|stopped
local function nest(n) local co = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() if n > 0 then nest(n - 1) end end }) coroutine.yield() end) coroutine.resume(co) coroutine.close(co) end
pcall(nest, 200000)
return 'done'
