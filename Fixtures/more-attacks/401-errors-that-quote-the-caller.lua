-- attack 401: errors-that-quote-the-caller
-- expect: stopped|refused|contained
-- An error of the host's quotes what it was given: a megabyte each, held outside of Lua.
local mf, kept = require("mf"), {}
for i = 1, 2000 do
  local ok, problem = pcall(mf.loadShare, ("x"):rep(900000) .. i)
  kept[i] = problem
end
local total = 0
for i = 1, #kept do total = total + #tostring(kept[i]) end
if total > 64 << 20 then return "ESCAPED with " .. (total >> 20) .. " MB of messages" end
