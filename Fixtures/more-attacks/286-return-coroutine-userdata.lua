-- attack 286: return-coroutine-userdata
-- expect: refused|contained|stopped
local mf = require("mf") return { coroutine.create(print), mf.spawn(function() end), mf.null, mf, mf.json, string, _G }
