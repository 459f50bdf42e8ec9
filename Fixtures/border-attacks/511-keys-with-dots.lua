-- attack 511: keys-with-dots
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local values = {}
for _, key in ipairs { "remoteInfo.entry", "remote.tenant", "origin.options", "a.b.c", ".", "..", "../x", "./x", "", "__index", "0", "1.0", "share:config", "disk/**" } do
  values[#values + 1] = function(args) args[key] = "http://forbidden/" return args end
  values[#values + 1] = function() return { [key] = function() return { from = "guest" } end } end
  values[#values + 1] = function(args) args.id = "disk/" .. key return args end
  values[#values + 1] = function(args) args.shareScope = { [key] = { [key] = { version = key, lib = function() return { level = "guest" } end } } } return args end
  values[#values + 1] = function() return require(key) end
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
