-- attack 514: loads-in-every-hook
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local mf = require("mf")
local values = {
  function(args) args.origin:loadRemote("own/x") end, function(args) args.origin:loadRemote("disk/x") end, function(args) args.origin:loadShare("config") end,
  function(args) mf.loadShare("config") end, function(args) return { from = args.origin:loadRemote("own/x").from } end,
  function(args) args.origin:loadRemote("betas/x") end,
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
