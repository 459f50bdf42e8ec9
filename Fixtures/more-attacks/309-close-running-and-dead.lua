-- attack 309: close-running-and-dead
-- expect: refused|contained|stopped
local main = coroutine.running() pcall(coroutine.close, main) pcall(coroutine.resume, main) local co co = coroutine.create(function() pcall(coroutine.close, co) pcall(coroutine.resume, co) pcall(coroutine.close, main) pcall(coroutine.resume, main) pcall(coroutine.wrap(function() coroutine.close(co) end)) end) coroutine.resume(co) local w = coroutine.wrap(function() end) w() pcall(w) return "done"
