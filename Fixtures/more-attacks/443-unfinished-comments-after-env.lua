-- attack 443: unfinished-comments-after-env
-- expect: stopped
local s = ("_ENV--[["):rep(1e5) while true do load(s) end
