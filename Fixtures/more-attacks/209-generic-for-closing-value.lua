-- attack 209: generic-for-closing-value
-- expect: stopped
for i in next, { 1 }, nil, setmetatable({}, { __close = function() while true do end end }) do break end
return "ESCAPED"
