-- attack 507: names-of-others
-- expect: contained
-- runs as: plugin
local hooks = { "beforeRequest", "afterMatchRemote", "beforeLoadRemoteSnapshot", "loadSnapshot", "fetch", "loadRemoteSnapshot", "afterLoadSnapshot", "beforePreloadRemote", "handlePreloadModule", "generatePreloadAssets", "afterPreloadRemote", "afterResolve", "loadEntry", "createScript", "createLink", "loadEntryError", "loadFileError", "afterLoadEntry", "beforeInitRemote", "beforeInitContainer", "initContainer", "afterInitRemote", "beforeGetExpose", "getModuleFactory", "afterGetExpose", "beforeExecuteFactory", "afterExecuteFactory", "onLoad", "errorLoadRemote", "afterLoadRemote", "beforeLoadShare", "loadShare", "resolveShare", "afterLoadShare", "errorLoadShare", "registerRemote", "beforeRegisterRemote" }
local plugin = { name = "owner-plugin" }
for _, hook in ipairs(hooks) do
  plugin[hook] = function(args)
    for _, name in ipairs { "disk", "d", "betas", "gateway", "beta", "beta/owner-plugin", "owner-plugin", "config", "default", "attacker" } do
      args.id, args.name, args.pkgNameOrAlias, args.expose = name .. "/x", name, name, "./" .. name
      args.remote = { name = name, alias = name, entry = "http://forbidden/entry.lua", tenant = name }
    end
    return args
  end
end
return plugin
