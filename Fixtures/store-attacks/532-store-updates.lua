-- attack 532: store-updates
-- expect: contained
-- runs as: plugin
local mf = require("mf")
local plugin = { name = "attack-plugin" }
plugin.store = setmetatable({ version = 1, migrate = function(kv) while true do kv:update("k", function() return 1 end) end end },
  { __index = function() while true do end end })
local function deep(kv, depth)
  return kv:update("k" .. depth, function() return depth < 1e4 and deep(kv, depth + 1) or depth end)
end
function plugin.afterResolve()
  local kv = mf.store()
  pcall(deep, kv, 1)
  pcall(kv.update, kv, "k", function() mf.sleep(1e9) end)
  pcall(kv.update, kv, "k", function() coroutine.yield() end)
  pcall(kv.set, kv, "k", setmetatable({}, { __pairs = function() return function() return 1, 2 end end }))
  kv:update("k", function() while true do end end)
end
return plugin
