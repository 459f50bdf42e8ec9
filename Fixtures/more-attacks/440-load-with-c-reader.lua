-- attack 440: load-with-c-reader
-- expect: stopped
while true do load(os.date) load(os.clock) load(coroutine.running) end
