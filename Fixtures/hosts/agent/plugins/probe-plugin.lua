-- Whether something listens: the addresses of AGENT_PROBES, `tcp://127.0.0.1:22 unix:/run/x.sock`.
local mf = require("mf")

return function(options)
  for address in (mf.env.AGENT_PROBES or ""):gmatch("%S+") do
    options.add("probe " .. address, function()
      local socket <close> = mf.connect(address, { timeout = "2s" })
      return socket.status
    end)
  end
  return { name = "probe-plugin" }
end
