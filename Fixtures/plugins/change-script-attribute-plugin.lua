-- Changes how the entry of one URL is requested.
-- Options: `url`, the entry; `timeout` in milliseconds, nothing for the usual one.
return function(options)
  return {
    name = "change-script-attribute-plugin",
    createScript = function(args)
      if args.url ~= options.url then return end
      local script = { url = args.url, headers = { ["loader-hooks"] = "isTrue", crossorigin = "anonymous" } }
      if options.timeout then return { script = script, timeout = options.timeout } end
      return script
    end,
  }
end
