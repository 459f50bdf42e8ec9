-- attack 444: kept-errors-of-tasks
-- expect: stopped
local mf, keep, text = require("mf"), {}, ("x"):rep(900000)
for i = 1, 1000 do
  local task = mf.spawn(function() error({ message = text, code = "x" }) end)
  pcall(task.wait, task) keep[i] = task
end
