-- A module in place of one that cannot be loaded, and the request as it was where a listener failed.
-- Options: `fallback`, the module; the text "fallback" without it.
return function(options)
  local fallback = options and options.fallback or "fallback"
  return {
    name = "fallback-plugin",
    errorLoadRemote = function(args)
      if args.lifecycle == "onLoad" then
        return fallback
      elseif args.lifecycle == "beforeRequest" then
        return args
      end
    end,
  }
end
