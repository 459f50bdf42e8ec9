-- attack 410: index-chain
-- expect: stopped|refused|contained
local t = {}
for i = 1, 1990 do t = setmetatable({}, { __index = t }) end
local s = 0
for i = 1, 1000000 do s = s + (t.nothing == nil and 1 or 0) end
return s
