-- attack 283: return-cyclic
-- expect: stopped|refused
local a, b = {}, {} a.b, b.a, a.a = b, a, a return a, b
