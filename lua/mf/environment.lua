-- The environments of plugins and remotes: globals of their own over read-only libraries.
-- Called with the host's globals and a function that makes a table read-only; returns the base that all environments
-- share, and a function that prepares one.
local globals, read_only = ...

local functions = {
  "_VERSION", "assert", "collectgarbage", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print",
  "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "warn", "xpcall",
}
local libraries = { "coroutine", "debug", "io", "math", "os", "string", "table", "utf8" }

local base = {}
for _, name in ipairs(functions) do base[name] = globals[name] end
for _, name in ipairs(libraries) do base[name] = read_only(globals[name]) end

--- Finds what a chunk brought along in `package.preload`.
local function preloaded(package)
  return function(name)
    local loader = package.preload[name]
    if loader then return loader, ":preload:" end
    return "\n\tno field package.preload['" .. name .. "']"
  end
end

--- Finds files on `package.path`, and tells `note` of each.
local function on_path(environment, package, note)
  return function(name)
    local file, tried = globals.package.searchpath(name, package.path)
    if not file then return tried end
    if note then note(file) end
    local chunk, message = globals.loadfile(file, "t", environment)
    if not chunk then error(message, 0) end
    return chunk, file
  end
end

--- Gives an environment its own `package` and `load`. `searcher` finds the files of a remote, `path` those of a plugin,
--- `note` hears of the latter.
local function prepare(environment, searcher, path, note)
  local package = { loaded = {}, preload = {}, path = path, cpath = "", config = globals.package.config }
  package.searchers = { preloaded(package) }
  package.searchpath = globals.package.searchpath
  if searcher then
    package.searchers[2] = searcher
  else
    package.searchers[2] = on_path(environment, package, note)
  end
  package.loaded._G = environment
  for _, name in ipairs(libraries) do package.loaded[name] = base[name] end
  package.loaded.package = package
  environment.package = package
  function environment.load(chunk, name, mode, ...)
    if select("#", ...) > 0 then return globals.load(chunk, name, mode, (...)) end
    return globals.load(chunk, name, mode, environment)
  end
end

return base, prepare
