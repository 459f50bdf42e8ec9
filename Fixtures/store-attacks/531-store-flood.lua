-- attack 531: store-flood
-- expect: contained
-- runs as: plugin
local mf = require("mf")
local plugin = { name = "attack-plugin" }
local text = ("x"):rep(1 << 17)
function plugin.beforeRequest()
  local kv = mf.store()
  for turn = 1, 1e6 do
    pcall(kv.set, kv, "k" .. turn % 7, text .. turn)
    pcall(kv.set, kv, "s" .. turn % 99, turn)
    pcall(kv.set, kv, "t" .. turn % 99, turn, { ttl = "1us" })
  end
end
function plugin.onLoad()
  for turn = 1, 1000 do mf.spawn(function() mf.store():set("d" .. turn, turn, { durable = true }) end) end
end
return plugin
