-- attack 335: random-state-address
-- expect: refused|contained
local a, b = math.randomseed() if a or b then return "ESCAPED " .. tostring(a) end math.randomseed(1, 2) pcall(math.random, 0) pcall(math.random, 2, 1) pcall(math.randomseed, 0/0) return "done"
