-- attack 203: xpcall-in-handler-forever
-- expect: stopped
local function h(e) return xpcall(error, h, e) end
while true do xpcall(error, h, "x") end
