--- Asks again when a manifest, a remote entry or one of a remote's files could not be fetched.
--
--   plugins = { require("mf.plugins.retry") { times = 3, delay = 500 } }
--
-- What belongs to a tenant's remote is asked for with the tenant's rights: list the hosts of other URLs in its `net`.

local mf = require("mf")

local function folder(url) return url:gsub("[?#].*", ""):match("^(.*/)") or url end

--- A URL below the folder of one manifest or entry as it is below the folder of another.
local function moved(url, from, to)
    local base = folder(from)
    if url:sub(1, #base) ~= base then return url end
    return folder(to) .. url:sub(#base + 1)
end

--- The URL of the n-th try. `from` is what the remote's files lie beside.
local function address(options, url, try, kind, from)
    local choice = options.url
    if type(choice) == "function" then
        return choice(url, try, kind) or url
    elseif type(choice) == "table" and #choice > 0 then
        local target = choice[math.min(try, #choice)]
        local names_manifest = target:gsub("[?#].*", ""):find("%.json$") ~= nil
        if kind == "file" or (kind == "entry" and names_manifest) then return moved(url, from, target) end
        return target
    end
    return url
end

--- Where a remote is registered: its manifest, or its entry where it has none.
local function registered(remote_info)
    local version = remote_info.version
    return version and version:find("://", 1, true) and version or remote_info.entry
end

local function is_function(value) return type(value) == "function" end

--- What the types of the options do not say.
local function check(options)
    local faults = {}
    local url, log = options.url, options.log
    local is_list = type(url) == "table"
    if is_list then
        for _, one in ipairs(url) do is_list = is_list and type(one) == "string" end
    end
    if url ~= nil and not is_list and not is_function(url) then
        faults[1] = "`url` is a list of URLs or a function, got a " .. type(url)
    end
    if log ~= nil and log ~= false and not is_function(log) then
        faults[#faults + 1] = "`log` is a function or `false`, got a " .. type(log)
    end
    return faults
end

local function make(options)
    local times, delay, backoff = options.times, options.delay, options.backoff
    local retrying = {}
    local answered = {} -- where a manifest came from, by where it was asked for: its remote's files lie beside it

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

    --- Asks with the rights of the remote: `retry` is the hook's. What a tenant may not ask for is said.
    local function ask(url, retry)
        local ok, result = pcall(retry, url)
        if ok then return result end
        if type(result) ~= "string" and result.code == "LIMIT-009" then say("retry-plugin: %s", tostring(result)) end
    end

    --- Where the entry and the files of a remote are counted from.
    local function base(remote_info)
        local place = registered(remote_info)
        return answered[place] or place
    end

    return {
        -- The first request is made here; after the last try the host makes its own, whose error is then the real one.
        fetch = function(args)
            local response = ask(args.url, args.retry) or again("manifest " .. args.url, function(try)
                return ask(address(options, args.url, try, "manifest", args.url), args.retry)
            end)
            if response then answered[args.url] = response.url end
            return response
        end,

        loadEntryError = function(args)
            local key = args.uniqueKey
            if retrying[key] then return nil end -- a try of ours has failed: the loop below goes on
            retrying[key] = true
            local entry = args.remoteInfo.entry
            local container = again("entry " .. entry, function(try)
                return ask(address(options, entry, try, "entry", base(args.remoteInfo)), args.retry)
            end)
            retrying[key] = nil
            return container
        end,

        loadFileError = function(args)
            return again("file " .. args.url, function(try)
                return ask(address(options, args.url, try, "file", base(args.remoteInfo)), args.retry)
            end)
        end,
    }
end

return {
    name = "retry-plugin",
    about = "Retries when a manifest, a remote entry or a file cannot be fetched.",
    options = {
        times = { type = "integer", min = 0, default = 3, about = "How many times to retry." },
        delay = { type = "number", min = 0, default = 1000, about = "Milliseconds before the first retry." },
        backoff = {
            type = "number", min = 0, default = 1, about = "The factor by which the delay grows after each retry.",
        },
        url = {
            type = "any",
            about = "Where to retry: a list of URLs, one per retry, or a function of (url, try, kind) that returns "
                .. "one; "
                .. "kind is `manifest`, `entry` or `file`. A list names manifests or entries; of a file, the same path "
                .. "is asked for in the folder of each.",
        },
        log = {
            type = "any",
            about = "A function that receives each line, or `false` for silence; `mf.log.warn` if absent.",
        },
    },
    check = check,
    plugin = make,
}
