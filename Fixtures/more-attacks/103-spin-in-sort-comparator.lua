-- attack 103: spin-in-sort-comparator
-- expect: stopped
local t = {} for i = 1, 100 do t[i] = i end
table.sort(t, function() while true do pcall(function() while true do end end) end end)
return 'ESCAPED'
