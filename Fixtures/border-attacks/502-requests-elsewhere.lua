-- attack 502: requests-elsewhere
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local urls = { "http://forbidden/entry.lua", "http://forbidden\\@disk/entry.lua", "http://disk@forbidden/entry.lua", "//forbidden/entry.lua",
  "HTTP://FORBIDDEN/entry.lua", "http://allowed@forbidden/entry.lua", "http://allowed.forbidden/entry.lua", "http://forbidden#allowed/entry.lua",
  "http:forbidden/entry.lua", "http:/\\forbidden/entry.lua", "file:///etc/passwd", "FILE:/etc/passwd", "http://127.0.0.1/", "http://[::1]/",
  "http://169.254.169.254/latest", "http://2130706433/", "http://0x7f.1/", "ftp://forbidden/x", "gopher://forbidden/x", "data:text/lua,MARK=true" }
local values = {}
for i, url in ipairs(urls) do
  values[#values + 1] = function() return { url = url } end
  values[#values + 1] = function() return url end
  values[#values + 1] = function() return { script = { url = url }, url = url } end
  values[#values + 1] = function() require("mf").fetch(url) end
  values[#values + 1] = function(args) return args.retry and args.retry(url) end
  values[#values + 1] = function() return { cssAssets = { url }, jsAssetsWithoutEntry = { url }, entryAssets = { { name = "r", url = url } } } end
  values[#values + 1] = function() return { status = 302, headers = { location = url }, body = "", url = url } end
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
