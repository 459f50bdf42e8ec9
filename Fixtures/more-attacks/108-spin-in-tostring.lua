-- attack 108: spin-in-tostring
-- expect: stopped|refused
local t = setmetatable({}, { __tostring = function() while true do end end, __name = 5 })
error(t)
