-- attack 510: arguments-with-metatables
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local values = {
  function(args) return setmetatable(args, { __index = function() return { from = "guest" } end, __newindex = function() end, __pairs = function() return next, {} end }) end,
  function(args) return setmetatable({}, { __index = args, __newindex = args, __len = function() return 1e9 end }) end,
  function(args) for key, value in pairs(args) do pcall(setmetatable, value, { __index = { from = "guest", level = "guest" } }) pcall(rawset, value, "from", "guest") end return args end,
  function(args) for key in pairs(args) do rawset(args, key, setmetatable({}, { __tostring = function() while true do end end, __eq = function() return true end })) end return args end,
  function(args) for key in pairs(args) do args[key] = nil end return args end,
  function(args) return setmetatable({}, { __metatable = "no", __close = function() while true do end end, __gc = function() MARK = true end }) end,
  function(args) getmetatable(args.origin).__index = function() return { from = "guest" } end end,
  function(args) getmetatable("").__index = function() return "guest" end end,
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
