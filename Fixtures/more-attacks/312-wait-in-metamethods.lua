-- attack 312: wait-in-metamethods
-- expect: refused|contained|stopped
local mf = require("mf") local t = setmetatable({}, { __index = function() mf.sleep(1) return 1 end, __lt = function() mf.sleep(1) return true end, __close = function() mf.sleep(1) end, __tostring = function() mf.sleep(1) return "x" end }) local a = t.x local b = t < t do local c <close> = t end pcall(tostring, t) pcall(string.format, "%s", t) pcall(string.gsub, "x", "x", function() mf.sleep(1) end) for i in coroutine.wrap(function() mf.sleep(1) coroutine.yield(1) end) do break end return "done"
