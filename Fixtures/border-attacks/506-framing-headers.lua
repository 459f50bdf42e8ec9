-- attack 506: framing-headers
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local mf = require("mf")
local names = { "Host", "host", "HOST", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "TE", "Trailer", "Keep-Alive", "Proxy-Authorization",
  "Proxy-Connection", "Expect", "Cookie", "Origin", "Referer", "Via", "Forwarded", "X-Forwarded-For", "Accept-Encoding", "Host ", " Host", "Host:", "Host\0",
  "X\r\nHost", "X\nHost: forbidden\nY" }
local values = {}
for _, name in ipairs(names) do
  local headers = { [name] = "smuggled" }
  values[#values + 1] = function() mf.fetch("http://allowed/", { headers = headers }) end
  values[#values + 1] = function(args) return { url = args.url or "http://allowed/", headers = headers } end
  values[#values + 1] = function(args) return { script = { url = args.url or "http://allowed/", headers = headers } } end
  values[#values + 1] = function(args) return { url = args.url or "http://allowed/", headers = { ["X-Ok"] = "a\r\n" .. name .. ": smuggled" } } end
end
for _, method in ipairs { "CONNECT", "TRACE", "TRACK", "connect", "GET /smuggled HTTP/1.1\r\nX:" } do
  values[#values + 1] = function() mf.fetch("http://allowed/", { method = method }) end
  values[#values + 1] = function(args) return { url = args.url or "http://allowed/", method = method } end
end
local plugin = { name = "attack-plugin" }
local turn = 0
for _, hook in ipairs(hooks) do
  plugin[hook] = function(args)
    turn = turn + 1
    return values[turn % #values + 1](args)
  end
end
return plugin
