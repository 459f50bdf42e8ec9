-- attack 201: spin-under-xpcall
-- expect: stopped
local function spin() while true do end end
while true do xpcall(spin, function(e) return e end) end
