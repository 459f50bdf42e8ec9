-- attack 417: goto-loop-in-a-comparator
-- expect: stopped
local t = {}
for i = 1, 50 do t[i] = 50 - i end
table.sort(t, function(a, b)
  ::again::
  if a ~= b or a == b then goto again end
end)
