-- attack 133: yield-from-main
-- expect: refused
coroutine.yield(1)
