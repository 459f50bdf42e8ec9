-- attack 509: long-texts-everywhere
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local long = ("x/"):rep(400000)
local values = {}
for _, key in ipairs { "id", "expose", "name", "pkgNameOrAlias", "pkgName", "scope", "version", "url", "entry", long } do
  values[#values + 1] = function(args) args[key] = long return args end
  values[#values + 1] = function() return { [key] = long } end
end
values[#values + 1] = function(args) args.remoteInfo = { name = long, entry = "http://" .. long, alias = long } return args end
values[#values + 1] = function(args) args.shareInfo = { version = long, scope = { long }, shareConfig = { requiredVersion = long } } return args end
values[#values + 1] = function() require("mf").loadShare(long) end
values[#values + 1] = function(args) args.origin:loadRemote(long) end
values[#values + 1] = function() require(long) end
local plugin = { name = "attack-plugin" }
local turn = 0
for _, hook in ipairs(hooks) do
  plugin[hook] = function(args)
    turn = turn + 1
    return values[turn % #values + 1](args)
  end
end
return plugin
