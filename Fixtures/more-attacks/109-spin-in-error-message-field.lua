-- attack 109: spin-in-error-message-field
-- expect: stopped|refused
error(setmetatable({}, { __index = function() while true do end end, __tostring = function() while true do end end }))
