-- attack 409: metamethods-in-a-ring
-- expect: stopped
local ring, mt = {}, {}
for i = 1, 11 do ring[i] = setmetatable({}, mt) end
local n = 0
local function turn(a, b) n = n + 1 return a .. b end
mt.__concat = function(a, b) return -a end
mt.__unm = function(a) return #a end
mt.__len = function(a) return ~a end
mt.__bnot = function(a) return a < ring[2] end
mt.__lt = function(a, b) return a <= b end
mt.__le = function(a, b) return a == b end
mt.__eq = function(a, b) return a.x end
mt.__index = function(a, k) a.y = k return a() end
mt.__newindex = function(a, k, v) local _ = a + v end
mt.__add = function(a, b) return b end
mt.__call = function(a) n = n + 1 if n % 150 == 0 then error("up") end return a .. a end
while true do pcall(turn, ring[1], ring[2]) end
