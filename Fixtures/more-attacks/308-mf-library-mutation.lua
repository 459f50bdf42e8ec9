-- attack 308: mf-library-mutation
-- expect: refused|contained
local mf = require("mf") for k, v in pairs(mf) do pcall(function() mf[k] = nil end) pcall(rawset, mf, k, nil) if type(v) == "table" then pcall(function() v.encode = 1 end) pcall(rawset, v, "encode", 1) pcall(setmetatable, v, {}) end end pcall(function() mf.env.PATH = "x" end) if mf.env.PATH or mf.env.HOME then return "ESCAPED" end return "done"
