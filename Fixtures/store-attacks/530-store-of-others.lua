-- attack 530: store-of-others
-- expect: contained
-- runs as: plugin
local mf = require("mf")
local names = { "host", "../host", "/etc/passwd", "..", "", "\0", "plugin.disk", "tenant.beta.x-plugin", ("x"):rep(1e5), "a/b" }
local plugin = { name = "attack-plugin", store = { version = 1 } }
function plugin.beforeRequest()
  local kv = mf.store()
  for _, name in ipairs(names) do
    pcall(mf.store, name)
    pcall(mf.store, { name = name })
    pcall(kv.set, kv, name, name)
    pcall(kv.get, kv, name)
    pcall(kv.keys, kv, name)
    pcall(kv.get, name, name)
    pcall(kv.get, setmetatable({}, getmetatable(kv)), name)
  end
  for _, key in ipairs(kv:keys()) do
    if kv:get(key) ~= key then error("ESCAPED: read " .. key) end
  end
end
return plugin
