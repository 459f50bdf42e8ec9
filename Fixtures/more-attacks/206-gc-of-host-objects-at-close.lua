-- attack 206: gc-of-host-objects-at-close
-- expect: stopped|contained
local mf = require("mf")
local mt = {} setmetatable(mt, { __gc = function() while true do end end, __close = function() while true do end end })
KEEP = setmetatable({}, mt) mt.__gc = function() while true do end end mt.__mode = "kv"
return function() mt.__gc = function() while true do end end setmetatable({}, mt) collectgarbage() return "done" end
