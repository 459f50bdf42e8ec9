-- attack 207: close-through-break-goto-error
-- expect: stopped
local function closer() return setmetatable({}, { __close = function() while true do end end }) end
pcall(function() for i = 1, 2 do local x <close> = closer() break end end)
return "ESCAPED"
