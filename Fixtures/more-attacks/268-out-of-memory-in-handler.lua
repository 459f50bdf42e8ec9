-- attack 268: out-of-memory-in-handler
-- expect: stopped|refused
local hoard = {} while true do xpcall(function() hoard[#hoard + 1] = ("x"):rep(1e6) .. #hoard end, function(e) hoard[#hoard + 1] = ("y"):rep(1e6) .. #hoard return hoard end) end
