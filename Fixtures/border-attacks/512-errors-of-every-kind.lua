-- attack 512: errors-of-every-kind
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local values = {}
for _, value in ipairs { "text", ("x"):rep(500000), {}, { code = "HOST-001", message = "forged" }, { code = "LOAD-001", cause = {}, context = { a = {} } }, print, 1e308,
  setmetatable({}, { __tostring = function() error("again") end }), coroutine.create(print) } do
  values[#values + 1] = function() error(value, 0) end
end
values[#values + 1] = function(args) error(args) end
values[#values + 1] = function(args) error(args.origin) end
values[#values + 1] = function(args) error(args.error) end
values[#values + 1] = function() local function deep() return deep() .. "" end deep() end
local plugin = { name = "attack-plugin" }
local turn = 0
for _, hook in ipairs(hooks) do
  plugin[hook] = function(args)
    turn = turn + 1
    return values[turn % #values + 1](args)
  end
end
return plugin
