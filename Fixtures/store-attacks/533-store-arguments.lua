-- attack 533: store-arguments
-- expect: contained
-- runs as: plugin
local mf = require("mf")
local plugin = { name = "attack-plugin", store = { version = 1 << 62 } }
local values = { 0, -1, 1 << 62, 1e308, 0 / 0, "", "x", "\0", "\255", true, {}, print, mf.null, coroutine.create(print), mf.store() }
local called = false
function plugin.beforeRequest()
  if called then return end
  called = true
  local kv = mf.store()
  for _, verb in ipairs { "get", "set", "delete", "keys", "update" } do
    for _, a in ipairs(values) do
      for _, b in ipairs(values) do
        pcall(kv[verb], a, b)
        pcall(kv[verb], kv, a, b)
        pcall(kv[verb], kv, a, b, { ttl = b, durable = a })
        pcall(kv[verb], kv, "k", a, { ttl = "1ms", durable = false, [b] = a })
      end
    end
  end
  return kv
end
return plugin
