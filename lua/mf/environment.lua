-- The environments of plugins and remotes: globals of their own over read-only libraries.
-- Called with the host's globals and a function that makes a table read-only; returns the base that all environments
-- share, a function that prepares one, and a function that returns the `mf` of all of them.
local globals, read_only = ...

local functions = {
  "_VERSION", "assert", "collectgarbage", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print",
  "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable", "tonumber", "tostring", "type", "warn", "xpcall",
}
local libraries = { "coroutine", "debug", "io", "math", "os", "string", "table", "utf8" }

-- The host's own functions: its script may replace globals later.
local next, type, ipairs, error = next, type, ipairs, error
local getmetatable_of, setmetatable_of = globals.debug.getmetatable, globals.debug.setmetatable
local getmetatable, rawget, rawset, select = globals.getmetatable, globals.rawget, globals.rawset, select
local find, setuservalue = globals.string.find, globals.debug.setuservalue
local byte, sub, at = globals.string.byte, globals.string.sub, 0x40 -- "@"

-- What all environments see of a table that all share: a read-only face.
local faces = setmetatable_of({}, { __mode = "k" })

local function face(table)
  local made = read_only(table)
  faces[made] = true
  return made
end

local base = {}
for _, name in ipairs(functions) do base[name] = globals[name] end
for _, name in ipairs(libraries) do base[name] = face(globals[name]) end

-- Metatables that all share: those of strings and of other values that are neither tables nor userdata, those of files,
-- of the host's objects, and of faces.
local faces_of_metatables = setmetatable_of({}, { __mode = "k" })
local files = getmetatable_of(globals.io.stdout)

local function is_shared(value)
  local kind = type(value)
  if kind == "table" then return faces[value] end
  if kind ~= "userdata" then return true end
  local metatable = getmetatable_of(value)
  if metatable == files then return true end
  local name = metatable and rawget(metatable, "__name")
  return type(name) == "string" and find(name, "^mf%.") ~= nil
end

local function face_of(metatable)
  if faces_of_metatables[metatable] then return faces_of_metatables[metatable] end
  local copy = {}
  for key, field in next, metatable do copy[key] = type(field) == "table" and face(field) or field end
  faces_of_metatables[metatable] = face(copy)
  return faces_of_metatables[metatable]
end

function base.getmetatable(...)
  local metatable = getmetatable(...)
  if type(metatable) ~= "table" or not is_shared((...)) then return metatable end
  return face_of(metatable)
end

function base.rawset(table, ...)
  if faces[table] then error("the table is read-only: all code shares it", 2) end
  return rawset(table, ...)
end

local guarded_debug = {}
for name, value in next, globals.debug do guarded_debug[name] = value end

function guarded_debug.getmetatable(...)
  local metatable = getmetatable_of(...)
  if metatable == nil or not is_shared((...)) then return metatable end
  return face_of(metatable)
end

function guarded_debug.setmetatable(value, ...)
  if is_shared(value) then
    error("cannot set the metatable of a " .. type(value) .. ": all code shares it", 2)
  end
  return setmetatable_of(value, ...)
end

function guarded_debug.setuservalue(value, ...)
  if is_shared(value) then error("cannot set a value of a " .. type(value) .. ": all code shares it", 2) end
  return setuservalue(value, ...)
end

function guarded_debug.getregistry()
  error("the registry is not available to remotes and plugins: all code shares it", 2)
end

base.debug = face(guarded_debug)

-- The state of libraries that all code shares: asking for it is left as it is.
local collectgarbage = globals.collectgarbage
local changes_collector = {
  stop = true, restart = true, generational = true, incremental = true, setpause = true, setstepmul = true,
}

function base.collectgarbage(option, ...)
  if changes_collector[option] then
    error("cannot set the garbage collector to '" .. option .. "': all code shares it", 2)
  end
  return collectgarbage(option, ...)
end

local guarded_io = {}
for name, value in next, globals.io do guarded_io[name] = value end

for _, name in ipairs { "input", "output" } do
  local current = guarded_io[name]
  guarded_io[name] = function(...)
    if (...) ~= nil then error("cannot set the default " .. name .. " file: all code shares it", 2) end
    return current()
  end
end

function guarded_io.close(...)
  if select("#", ...) == 0 then error("cannot close the default output file: all code shares it", 2) end
  return globals.io.close(...)
end

base.io = face(guarded_io)

local guarded_os = {}
for name, value in next, globals.os do guarded_os[name] = value end

function guarded_os.setlocale(locale, ...)
  if locale ~= nil then error("cannot set the locale: all code shares it", 2) end
  return globals.os.setlocale(locale, ...)
end

base.os = face(guarded_os)

--- What the `mf` of each environment reads through to: the host's `mf`, its tables read-only, too.
local function shared_library(library)
  local shown = {}
  return face(setmetatable_of({}, { __index = function(_, key)
    local value = library[key]
    if type(value) ~= "table" then return value end
    shown[value] = shown[value] or face(value)
    return shown[value]
  end }))
end

--- Finds what a chunk brought along in `package.preload`.
local function preloaded(package)
  return function(name)
    local loader = package.preload[name]
    if loader then return loader, ":preload:" end
    return "\n\tno field package.preload['" .. name .. "']"
  end
end

--- Finds files on `package.path` and passes each to `note`; for a missing module, every file that could have been it.
local function on_path(environment, package, note)
  return function(name)
    local file, tried = globals.package.searchpath(name, package.path)
    if not file then
      if note then
        local part = name:gsub("%.", "/")
        for template in package.path:gmatch("[^;]+") do note((template:gsub("%?", function() return part end))) end
      end
      return tried
    end
    if note then note(file) end
    local chunk, message = globals.loadfile(file, "t", environment)
    if not chunk then error(message, 0) end
    return chunk, file
  end
end

--- Loads a C module from a file. As in lua5.4, what follows a hyphen in the name is not part of the function's.
local function open_library(name, file)
  local symbol = name:gsub("%.", "_")
  local loader, message, where = globals.package.loadlib(file, "luaopen_" .. symbol:match("^[^-]*"))
  local old_style = symbol:match("%-(.*)$")
  if not loader and old_style then loader, message, where = globals.package.loadlib(file, "luaopen_" .. old_style) end
  return loader, message, where
end

--- Finds C modules on `package.cpath`: a module's own library or, for submodules, that of the name's first part.
local function on_cpath(package, in_root)
  return function(name)
    local library = name
    if in_root then library = name:match("^([^.]*)%.") end
    if not library then return nil end
    local file, tried = globals.package.searchpath(library, package.cpath)
    if not file then return tried end
    local loader, message, where = open_library(name, file)
    if loader then return loader, file end
    if in_root and where == "init" then return "no module '" .. name .. "' in file '" .. file .. "'" end
    error("error loading module '" .. name .. "' from file '" .. file .. "':\n\t" .. message, 0)
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
    -- The host's own code: it has what the host has.
    package.cpath, package.loadlib = globals.package.cpath, globals.package.loadlib
    package.searchers[2] = on_path(environment, package, note)
    package.searchers[3] = on_cpath(package, false)
    package.searchers[4] = on_cpath(package, true)
  end
  package.loaded._G = environment
  for _, name in ipairs(libraries) do package.loaded[name] = base[name] end
  package.loaded.package = package
  environment.package = package
  function environment.load(chunk, name, mode, ...)
    -- What is loaded from text is no file, whatever it is called: by its file the code of a plugin is recognized.
    if type(name) == "string" and byte(name) == at then name = "=" .. sub(name, 2) end
    if select("#", ...) > 0 then return globals.load(chunk, name, mode, (...)) end
    return globals.load(chunk, name, mode, environment)
  end
end

-- An environment's own metatable leads to the base: nobody is to change it for the others.
return face(base), prepare, shared_library
