-- attack 130: pairs-for-ever
-- expect: stopped|refused|contained
return setmetatable({}, { __pairs = function() return rawequal, 1, 1 end, __index = function() error('x') end })
