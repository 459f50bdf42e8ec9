-- attack 267: error-object-name-addresses-2
-- expect: refused|contained
local mf = require("mf") for _, v in ipairs { {}, print, coroutine.create(print), setmetatable({}, { __name = "N" }) } do local t = mf.spawn(function() error(v) end) local ok, e = pcall(function() return t:wait() end) local m = tostring(e) .. tostring(type(e) == "userdata" and e.message or "") .. tostring(type(e) == "userdata" and e.traceback or "") .. tostring(type(e) == "userdata" and e.cause or "") if m:find("0x") then return "ESCAPED " .. m end end return "done"
