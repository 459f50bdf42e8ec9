--- Supplies replacement modules when a remote cannot be loaded.
--
--   plugins = {
--     require("mf.plugins.fallback") { modules = { ["billing/invoices"] = { open = function() return {} end } } },
--   }
--
-- Options:
--   modules  id of a request → the module to use in its place; "billing/*" stands for every expose of a remote.
--            A function is called with the hook's arguments and returns the module.
--   default  the same for every other request
--   log      a function of a line, or false for silence                    (mf.log.warn)

local mf = require("mf")

return function(options)
    options = options or {}
    local modules = options.modules or {}

    local function say(line)
        if options.log == false then return end
        if options.log then options.log(line) else mf.log.warn(line) end
    end

    local function find(id)
        local fallback = modules[id]
        if fallback == nil then fallback = modules[(id:match("^(.*)/[^/]*$") or id) .. "/*"] end
        if fallback == nil then fallback = options.default end
        return fallback
    end

    return {
        name = "fallback-plugin",

        errorLoadRemote = function(args)
            -- The other lifecycles ask for arguments, manifests or containers; what a caller gets is decided here.
            if args.lifecycle ~= "onLoad" then return nil end
            local fallback = find(args.id)
            if type(fallback) == "function" then fallback = fallback(args) end
            if fallback ~= nil then
                say(("fallback-plugin: using the fallback for %s: %s"):format(args.id, tostring(args.error)))
            end
            return fallback
        end,
    }
end
