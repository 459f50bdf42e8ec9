--- Supplies replacement modules when a remote cannot be loaded.
--
--   plugins = {
--     require("mf.plugins.fallback") { modules = { ["billing/invoices"] = { open = function() return {} end } } },
--   }

local mf = require("mf")

--- What the types of the options do not say.
local function check(options)
    local log = options.log
    if log ~= nil and log ~= false and type(log) ~= "function" then
        return "`log` is a function or `false`, got a " .. type(log)
    end
end

local function make(options)
    local modules = options.modules

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

return {
    name = "fallback-plugin",
    about = "Supplies replacement modules when a remote cannot be loaded.",
    options = {
        modules = {
            map = "any", default = {},
            about = "Replacement modules by request; `billing/*` stands for every expose of a remote. "
                .. "A function is called with the hook's arguments and returns the module.",
        },
        default = { type = "any", about = "The replacement for every other request." },
        log = {
            type = "any",
            about = "A function that receives each line, or `false` for silence; `mf.log.warn` if absent.",
        },
    },
    check = check,
    plugin = make,
}
