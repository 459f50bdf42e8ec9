-- attack 426: callable-from-another-coroutine
-- expect: stopped|refused
-- The host calls this while a coroutine that waited in it before is used by another one.
local mf = require("mf")
local co = coroutine.wrap(function() while true do coroutine.yield(mf.loadShare("config")) end end)
co()
return function()
  local inner = coroutine.wrap(function() for i = 1, 3 do co() end mf.sleep(1) co() while true do co() end end)
  while true do inner() end
end
