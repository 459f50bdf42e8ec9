-- attack 150: memory-in-comparator
-- expect: stopped
local h = {} table.sort({ 1, 2, 3, 4, 5 }, function() while true do pcall(function() h[#h + 1] = ('x'):rep(1000) .. #h end) end end)
