-- attack 504: containers-and-modules
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local function module() return { from = "guest", has = "table" } end
local container = { init = function() end, get = function() return module end }
local values = {
  function() return container end, function() return module end, function() return function() return module end end, function() return module() end,
  function() return setmetatable({}, { __index = container }) end, function() return setmetatable({}, { __call = module }) end,
  function(args) args.remoteEntryExports, args.exposeModule, args.moduleFactory = container, module(), module return args end,
  function(args) args.moduleInstance.remoteEntryExports = container end,
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
