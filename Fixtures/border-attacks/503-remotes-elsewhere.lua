-- attack 503: remotes-elsewhere
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local url = "http://forbidden/"
local values = {
  function(args) args.remoteInfo = { name = "disk", entry = url .. "entry.lua" } return args end,
  function(args) args.remote = { name = "disk", entry = url .. "entry.lua", tenant = "beta" } return args end,
  function(args) args.remoteSnapshot = { version = "1", publicPath = url, remoteEntry = "entry.lua", globalName = "n" } return args end,
  function(args) args.remoteSnapshot = { version = "1", getPublicPath = "return '" .. url .. "'", remoteEntry = "entry.lua", globalName = "n" } return args end,
  function(args) args.manifestUrl, args.url, args.id = url, url, url return args end,
  function(args) args.remoteInfo.entry = url end, function(args) args.origin.options.remotes[1].entry = url end,
  function(args) args.origin.options.remotes[1] = { name = "disk", entry = url } end,
  function(args) args.origin:registerRemotes({ { name = "more", entry = url } }, { force = true }) end,
}
local plugin = { name = "attack-plugin" }
local turn = 0
for _, hook in ipairs(hooks) do
  plugin[hook] = function(args)
    turn = turn + 1
    return values[turn % #values + 1](args)
  end
end
return plugin
