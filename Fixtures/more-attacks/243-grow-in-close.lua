-- attack 243: grow-in-close
-- expect: stopped|refused
local hoard = {} local x <close> = setmetatable({}, { __close = function() while true do hoard[#hoard + 1] = ("x"):rep(1000) .. #hoard end end })
while true do hoard[#hoard + 1] = ("y"):rep(1000) .. #hoard end
