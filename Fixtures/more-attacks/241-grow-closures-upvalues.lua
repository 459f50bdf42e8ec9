-- attack 241: grow-closures-upvalues
-- expect: stopped|refused
local hoard = {} for i = 1, math.huge do local a, b, c = i, {}, i .. "" hoard[i] = function() return a, b, c end end
