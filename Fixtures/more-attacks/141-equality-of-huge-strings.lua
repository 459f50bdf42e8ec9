-- attack 141: equality-of-huge-strings
-- expect: stopped|refused|contained
local a, b = ('x'):rep(5e6), ('x'):rep(5e6 - 1) .. 'x' for i = 1, 1e9 do if a ~= b or a < b then return 'ESCAPED' end end
