-- attack 428: results-dropped-and-kept
-- expect: stopped
-- Results that are taken and dropped, in turn with what is kept: what is counted must neither run away nor below zero.
local mf, s = require("mf"), ("x"):rep(500000)
local kept = {}
for i = 1, 1000 do
  local task = mf.spawn(function() return s .. i, s .. -i end)
  task:wait() task:wait()
  if i % 3 == 0 then kept[#kept + 1] = task end
end
