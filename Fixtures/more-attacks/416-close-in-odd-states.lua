-- attack 416: close-in-odd-states
-- expect: contained|refused
local told = {}
local co
co = coroutine.create(function() told[1] = pcall(coroutine.close, co) coroutine.yield() end)
coroutine.resume(co)
coroutine.resume(coroutine.create(function() told[2] = pcall(coroutine.close, coroutine.running()) end))
coroutine.resume(coroutine.create(function()
  local me = coroutine.running()
  coroutine.resume(coroutine.create(function()
    told[3] = pcall(coroutine.close, me)
    told[4] = coroutine.status(me)
  end))
end))
assert(coroutine.close(co) and coroutine.close(co))
local failing = coroutine.create(function()
  local x <close> = setmetatable({}, { __close = function() error("late") end })
  coroutine.yield()
end)
coroutine.resume(failing)
told[5] = coroutine.close(failing)
if told[1] or told[2] or told[3] or told[5] or told[4] ~= "normal" then return "ESCAPED" end
return told
