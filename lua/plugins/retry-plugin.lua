--- Asks again when a manifest or a remote entry could not be had.
--
--   plugins = { require("mf.plugins.retry") { times = 3, delay = 500 } }
--
-- Options:
--   times    how often to ask again                                        (3)
--   delay    milliseconds before asking again                              (1000)
--   backoff  the delay is multiplied by this after each try                (1)
--   url      where to ask: a list of URLs, one a try, or a function of
--            (url, try, kind) that returns one; kind is "manifest" or "entry"
--   log      a function of a line, or false for silence                    (mf.log.warn)

local mf = require("mf")

--- The URL of the n-th try.
local function address(options, url, try, kind)
    local choice = options.url
    if type(choice) == "function" then
        return choice(url, try, kind) or url
    elseif type(choice) == "table" and #choice > 0 then
        return choice[math.min(try, #choice)]
    end
    return url
end

return function(options)
    options = options or {}
    local times, delay, backoff = options.times or 3, options.delay or 1000, options.backoff or 1
    local retrying = {}

    local function say(...)
        if options.log == false then return end
        local line = string.format(...)
        if options.log then options.log(line) else mf.log.warn(line) end
    end

    --- Calls attempt(1), attempt(2), … until one gives a result; waits before each.
    local function again(what, attempt)
        local pause = delay
        for try = 1, times do
            mf.sleep(pause)
            pause = pause * backoff
            say("retry-plugin: %s, try %d of %d", what, try, times)
            local result = attempt(try)
            if result then return result end
        end
    end

    return {
        name = "retry-plugin",

        -- The first request is made here; after the last try the host makes its own, whose error is then the real one.
        fetch = function(args)
            local function ask(url)
                local ok, response = pcall(mf.fetch, url)
                return ok and response.ok and response or nil
            end
            return ask(args.url) or again("manifest " .. args.url, function(try)
                return ask(address(options, args.url, try, "manifest"))
            end)
        end,

        loadEntryError = function(args)
            local key = args.uniqueKey
            if retrying[key] then return nil end -- a try of ours has failed: the loop below goes on
            retrying[key] = true
            local entry = args.remoteInfo.entry
            local container = again("entry " .. entry, function(try)
                local ok, result = pcall(args.retry, address(options, entry, try, "entry"))
                return ok and result or nil
            end)
            retrying[key] = nil
            return container
        end,
    }
end
