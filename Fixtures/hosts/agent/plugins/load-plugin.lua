-- The load of the machine, from /proc.
local mf = require("mf")

return function(options)
  options.add("load", function() return mf.fs.read("/proc/loadavg"):match("^%S+") end)
  return { name = "load-plugin" }
end
