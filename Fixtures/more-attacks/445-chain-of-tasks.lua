-- attack 445: chain-of-tasks
-- expect: stopped|contained
local mf, task = require("mf"), nil
for i = 1, 20000 do local last = task task = mf.spawn(function() return last end) task:wait() end
task = nil collectgarbage() return "done"
