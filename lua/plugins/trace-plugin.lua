--- Shows each phase of a load and its duration.
--
--   plugins = { require("mf.plugins.trace") { level = "debug" } }
--
-- A line is: milliseconds since the plugin was made, milliseconds since the phase before it of the same request or of
-- its remote, the hook, what it is about, and what is known by then.

local mf = require("mf")

--- What a hook's arguments are about, in a few words; each returns text or nothing.
local about = {
    beforeInit = function(args) return args.userOptions and args.userOptions.name end,
    init = function(args) return args.options and args.options.name end,
    beforeRegisterRemote = function(args) return args.remote.name, args.remote.entry end,
    registerRemote = function(args) return args.remote.name, args.remote.entry end,
    beforeRegisterShare = function(args) return args.pkgName end,
    afterMatchRemote = function(args) return args.id, args.error and tostring(args.error) end,
    fetch = function(args) return args.remoteInfo and args.remoteInfo.name, args.url end,
    afterResolve = function(args) return args.id, args.remoteInfo and args.remoteInfo.entry end,
    loadEntry = function(args) return args.remoteInfo.name, args.remoteInfo.entry end,
    createScript = function(args) return args.remoteInfo and args.remoteInfo.name, args.url end,
    createLink = function(args) return args.remoteInfo and args.remoteInfo.name, args.url end,
    afterLoadEntry = function(args)
        return args.remoteInfo.name, args.error and tostring(args.error) or (args.recovered and "recovered")
    end,
    afterInitRemote = function(args) return args.id, args.cached and "cached" end,
    errorLoadRemote = function(args) return args.id, ("in %s: %s"):format(args.lifecycle, tostring(args.error)) end,
    afterLoadRemote = function(args) return args.id, args.error and tostring(args.error) end,
    resolveShare = function(args) return args.pkgName, args.version end,
    afterLoadShare = function(args) return args.pkgName, args.shareInfo and args.shareInfo.version end,
}

--- The milestones, in the order of a first load; `true` for those that are part of level "info".
local hooks = {
    { "beforeInit", false }, { "beforeRegisterRemote", false }, { "registerRemote", true },
    { "beforeRegisterShare", false }, { "init", true }, { "beforeRequest", true }, { "afterMatchRemote", false },
    { "beforeLoadRemoteSnapshot", false }, { "loadSnapshot", false }, { "fetch", true },
    { "loadRemoteSnapshot", false }, { "afterLoadSnapshot", false }, { "beforePreloadRemote", false },
    { "handlePreloadModule", false }, { "generatePreloadAssets", false }, { "afterPreloadRemote", true },
    { "afterResolve", true }, { "loadEntry", false }, { "createScript", true }, { "createLink", false },
    { "loadEntryError", true }, { "afterLoadEntry", true }, { "beforeInitRemote", false },
    { "beforeInitContainer", false }, { "initContainer", true }, { "afterInitRemote", false },
    { "beforeGetExpose", false }, { "afterGetExpose", false }, { "beforeExecuteFactory", false },
    { "afterExecuteFactory", false }, { "onLoad", true }, { "errorLoadRemote", true }, { "afterLoadRemote", true },
    { "beforeLoadShare", true }, { "resolveShare", false }, { "afterLoadShare", true }, { "errorLoadShare", true },
    { "initContainerShareScopeMap", false }, { "afterUpdateRemote", true },
}

--- Whether a terminal or a reader of lines does something else with a character than show it: controls, separators of
--- lines, and what changes the direction of text.
local function is_acted_on(code)
    return code < 0x20 or code >= 0x7f and code <= 0x9f or code == 0x61c or code == 0x200e or code == 0x200f
        or code >= 0x2028 and code <= 0x202e or code >= 0x2066 and code <= 0x2069 or code == 0xfeff
        or code >= 0xe0000 and code <= 0xe007f
end

--- A text of others, as one line that only shows: names, URLs and messages may come from a server.
local function visible(text)
    if not text:find("[%c\x80-\xff]") then return text end
    if not utf8.len(text) then text = text:gsub("[\x80-\xff]", "?") end
    return (text:gsub(utf8.charpattern, function(character)
        local code = utf8.codepoint(character)
        return is_acted_on(code) and ("\\u{%x}"):format(code) or nil
    end))
end

local function subject(hook, args)
    local describe = about[hook]
    local what, detail
    if describe then what, detail = describe(args) end
    what = what or args.id or args.pkgName or (args.remoteInfo and args.remoteInfo.name) or ""
    return visible(tostring(what)), detail and visible(tostring(detail)) or ""
end

--- The later of two times, of which either may not be known.
local function latest(a, b) return a and b and math.max(a, b) or a or b end

local function writer(output)
    if type(output) == "function" then return output end
    local file = output or io.stderr
    return function(line) file:write(line, "\n") end
end

--- What the types of the options do not say.
local function check(options)
    local output = options.output
    if output ~= nil and type(output) ~= "function" and io.type(output) ~= "file" then
        return "`output` is a function or an open file, got a " .. type(output)
    end
end

local function make(options)
    local level = options.level
    local write = writer(options.output)
    local paint = options.color
        and function(code, text) return ("\27[%sm%s\27[0m"):format(code, text) end
        or function(_, text) return text end
    local start = mf.now()
    local before = {} -- the time of the phase before, by request
    local of_remote = {} -- the time of the last phase that all requests of a remote share, by the remote
    local of_requests = {} -- the time of the last phase of any request of a remote, by the remote

    local function note(hook, args)
        local now = mf.now()
        local what, detail = subject(hook, args)
        local key = args.resourceContext and args.resourceContext.id or args.id or what
        local remote = args.remoteInfo and args.remoteInfo.name or args.remote and args.remote.name or key
        local is_shared = key == remote
        local last = latest(before[key], is_shared and of_requests[remote] or of_remote[remote])
        local step = last and now - last
        before[key] = now
        if is_shared then of_remote[remote] = now else of_requests[remote] = now end
        local failed = args.error ~= nil or hook:find("rror") ~= nil
        write(("%s %s  %s %s  %s"):format(
            paint("2", ("%9.2f ms"):format(now - start)),
            paint(step and step >= 10 and "33" or "2", step and ("%+8.2f"):format(step) or (" "):rep(8)),
            paint(failed and "31" or "36", ("%-26s"):format(hook)),
            ("%-24s"):format(what), paint("2", detail)))
    end

    local plugin = {}
    for _, entry in ipairs(hooks) do
        local hook, is_milestone = entry[1], entry[2]
        if is_milestone or level == "debug" then
            plugin[hook] = function(args) note(hook, args) end
        end
    end
    return plugin
end

return {
    name = "trace-plugin",
    about = "Shows each phase of a load and its duration.",
    -- Called after the other plugins, so that their time stands at the phase in which they took it.
    order = "post",
    options = {
        level = { enum = { "info", "debug" }, default = "info", about = "The milestones, or every hook." },
        output = { type = "any", about = "A function that receives each line, or a file; stderr if absent." },
        color = { type = "boolean", default = false, about = "Whether to use terminal colors." },
    },
    check = check,
    plugin = make,
}
