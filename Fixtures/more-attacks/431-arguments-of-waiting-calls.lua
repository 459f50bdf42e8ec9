-- attack 431: arguments-of-waiting-calls
-- expect: stopped|refused
-- Each call that waits holds a megabyte of arguments outside of Lua.
local mf, s = require("mf"), ("x"):rep(900000)
for i = 1, 60 do
  mf.spawn(function() mf.fetch("http://api.acme.example/" .. i, { method = "POST", body = s .. i }) end)
  mf.sleep(0)
end
mf.sleep(1e5)
