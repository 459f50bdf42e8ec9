-- attack 311: cancel-while-waiting
-- expect: refused|contained|stopped
local mf = require("mf") local t = {} for i = 1, 30 do t[i] = mf.spawn(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) mf.sleep(1e6) end) end mf.sleep(1) for i = 1, 30 do t[i]:cancel() t[i]:cancel() pcall(t[i].wait, t[i]) end return "done"
