-- attack 213: pairs-metamethod-endless
-- expect: stopped
for k in pairs(setmetatable({}, { __pairs = function() return function(_, k) return (k or 0) + 1 end, nil, 0 end })) do end
