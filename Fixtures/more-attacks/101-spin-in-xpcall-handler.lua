-- attack 101: spin-in-xpcall-handler
-- expect: stopped
xpcall(error, function() while true do end end)
while true do xpcall(function() while true do end end, function() while true do end end) end
