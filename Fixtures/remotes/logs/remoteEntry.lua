--- The logging team's checks. They write sizes the way their host does, with its shared module `units`.

local mf = require("mf")

local instance

-- What is asked of the host's module: any 1.x, the one instance that all use.
local units = { shareConfig = { singleton = true, requiredVersion = "^1.0.0" } }

local exposes = {
    ["./recent"] = function()
        local factory = instance:loadShare("units", { customShareInfo = units })
        return require("recent")(factory and factory() or nil)
    end,
}

return {
    --- Takes part in the host's sharing with an instance of its own, as a bundler's runtime does.
    init = function(shareScope, initScope, options)
        instance = mf.createInstance { name = "logs", remotes = {} }
        instance:initShareScopeMap("default", shareScope, { hostShareScopeMap = options and options.shareScopeMap })
        instance:initializeSharing("default", { initScope = initScope, from = "build" })
    end,
    get = function(expose) return exposes[expose] end,
}
