-- attack 325: hash-collisions
-- expect: stopped|refused|contained
local t = {} for i = 1, 1e5 do t[i * (1 << 32)] = i t[i * 1.5e300] = i end local s = {} for i = 1, 1e5 do s[("x"):rep(50) .. i] = i end for k in pairs(t) do local x = t[k] end return "done"
