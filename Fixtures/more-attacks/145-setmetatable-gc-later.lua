-- attack 145: setmetatable-gc-later
-- expect: contained|refused|stopped
local mt = {} local t = setmetatable({}, mt) mt.__gc = function() while true do end end for i = 1, 1000 do setmetatable({}, mt) end t = nil collectgarbage() collectgarbage() return 'done'
