-- Puts another entry into the share scope when a package is asked for.
-- Options: `package`, its name; `module`, what is used in its place; `by`, "lib" or "get": how the entry gives it.
return function(options)
  local mf = require("mf")

  local function factory() return options.module end

  local entries = {
    lib = function()
      return { lib = factory, loaded = true, loading = function() return factory end }
    end,
    get = function()
      return {
        get = function()
          mf.sleep(0)
          return factory
        end,
      }
    end,
  }

  return {
    name = "custom-shared-plugin",
    resolveShare = function(args)
      local scopes, scope, package, version = args.shareScopeMap, args.scope, args.pkgName, args.version
      if package ~= options.package then return args end
      args.resolver = function()
        scopes[scope][package][version] = entries[options.by]()
        return scopes[scope][package][version]
      end
      return args
    end,
  }
end
