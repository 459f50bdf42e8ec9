-- attack 430: share-loop
-- expect: stopped
local mf = require("mf")
while true do mf.loadShare("config")() end
