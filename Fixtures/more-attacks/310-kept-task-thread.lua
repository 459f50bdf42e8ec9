-- attack 310: kept-task-thread
-- expect: refused|contained|stopped
local mf = require("mf") local kept = {} for i = 1, 50 do mf.spawn(function() kept[#kept + 1] = coroutine.running() mf.sleep(1) end) end mf.sleep(20) for i = 1, 50 do mf.spawn(function() for _, t in ipairs(kept) do pcall(coroutine.close, t) pcall(coroutine.resume, t) coroutine.status(t) coroutine.isyieldable(t) end mf.sleep(1) end) end mf.sleep(50) for _, t in ipairs(kept) do pcall(coroutine.close, t) pcall(coroutine.resume, t, 1, 2) end return #kept
