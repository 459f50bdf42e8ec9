-- attack 140: repeat-concat-metamethod
-- expect: stopped
local t = setmetatable({}, { __concat = function(a) return a end, __eq = function() return true end, __lt = function() return true end, __unm = function(a) return a end }) while true do local x = -t .. t end
