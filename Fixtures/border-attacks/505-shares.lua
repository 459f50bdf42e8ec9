-- attack 505: shares
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local function lib() return { level = "guest" } end
local share = { version = "99.0.0", from = "gateway", lib = lib, get = function() return lib end, loaded = true, scope = { "default" } }
local values = {
  function() return lib end, function() return function() return lib end end, function() return share end,
  function(args) args.shareInfo = share return args end, function(args) args.resolver = function() return share end return args end,
  function(args) args.resolver = function() return { shared = share, useTreesShaking = false } end return args end,
  function(args) args.shareScope = { config = { ["99.0.0"] = share, ["1.0.0"] = share } } return args end,
  function(args) args.shareScopeMap = { default = { config = { ["1.0.0"] = share } } } return args end,
  function(args) args.shared = { config = { share } } return args end, function(args) args.shareScope.config["1.0.0"].lib = lib end,
  function(args) args.pkgName = "other" return args end, function(args) args.origin:loadShare("config")().level = "guest" end,
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
