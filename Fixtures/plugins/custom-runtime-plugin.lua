-- The first plugin of Module Federation's documentation, in Lua: it tells what passes by.
-- Options: `say`, a function that is told; `print` without it.
return function(options)
  local say = options and options.say or print
  return {
    name = "my-runtime-plugin",
    beforeInit = function(args)
      say("beforeInit:", args)
      return args
    end,
    beforeRequest = function(args)
      say("beforeRequest:", args)
      return args
    end,
    afterResolve = function(args)
      say("afterResolve:", args)
      return args
    end,
    onLoad = function(args)
      say("onLoad:", args)
      return args
    end,
    loadShare = function(args)
      say("loadShare:", args)
    end,
    beforeLoadShare = function(args)
      say("beforeLoadShare:", args)
      return args
    end,
  }
end
