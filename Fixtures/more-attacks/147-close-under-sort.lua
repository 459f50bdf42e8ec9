-- attack 147: close-under-sort
-- expect: stopped
local mt = { __close = function() while true do end end }
table.sort({ 1, 2, 3 }, function() local a <close> = setmetatable({}, mt) local b <close> = setmetatable({}, mt) while true do end end)
