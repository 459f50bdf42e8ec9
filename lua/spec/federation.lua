-- `mf.test`: remotes in memory, failures of the network, a clock that is put forward, a recorder of hooks.
--
-- Called with the library `mf` and with functions of Swift: serve(host, path, text), fail(host, kind),
-- advance(duration), and the list `hooks`. Returns the table, the modules that remotes are made of, and two functions:
-- one that marks where a test begins, and one that ends what has begun since a mark.
local mf, native = ...

local test = {}
local exposes = {} -- name of a remote -> path of an expose -> module or function
local hosts = {} -- those of the test that runs
local failures = {} -- { host, how it failed before }, the oldest first
local failing = {} -- host -> how it fails

local function check_keys(place, given, known)
  for key in pairs(given) do
    if not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = "`" .. name .. "`" end
      table.sort(names)
      error(("%s has no option `%s`: it takes %s"):format(place, tostring(key), table.concat(names, ", ")), 3)
    end
  end
end

--- A remote that lives in the spec. What it exposes is a table, or a function that makes the module.
function test.remote(options)
  if type(options) ~= "table" then error("mf.test.remote: expected a table, got a " .. type(options), 2) end
  check_keys("mf.test.remote", options, { name = true, version = true, exposes = true })
  local name = options.name
  if type(name) ~= "string" or not name:find("^[%w_-]+$") then
    error("mf.test.remote: `name` is a word of letters, digits, `_` and `-`", 2)
  end
  if options.exposes ~= nil and type(options.exposes) ~= "table" then
    error("mf.test.remote: `exposes` is a table, got a " .. type(options.exposes), 2)
  end
  local manifest = {
    id = name, name = name, shared = {}, remotes = {}, exposes = {},
    metaData = {
      name = name, type = "app", globalName = name, publicPath = "auto",
      buildInfo = { buildVersion = options.version or "0.0.0", buildName = name },
      remoteEntry = { name = "remoteEntry.lua", path = "", type = "global" },
      types = { path = "", name = "", zip = "", api = "" },
    },
  }
  exposes[name] = {}
  for path, module in pairs(options.exposes or {}) do
    if type(path) ~= "string" or path:sub(1, 2) ~= "./" then
      error(("mf.test.remote: what is exposed has a name that begins with `./`, got %q"):format(tostring(path)), 2)
    end
    if type(module) ~= "table" and type(module) ~= "function" then
      error(("mf.test.remote: `exposes[%q]` is a module or a function that makes it, got a %s"):format(
        path, type(module)), 2)
    end
    exposes[name][path] = module
    manifest.exposes[#manifest.exposes + 1] = {
      id = name .. ":" .. path:sub(3), name = path:sub(3), path = path,
      assets = { js = { sync = {}, async = {} }, css = { sync = {}, async = {} } },
    }
  end
  table.sort(manifest.exposes, function(a, b) return a.id < b.id end)
  local host = name .. ".test"
  native.serve(host, "/mf-manifest.json", mf.json.encode(manifest))
  native.serve(host, "/remoteEntry.lua", ([[
    local exposes = require("mf.test.exposes")[%q]
    return {
      init = function() end,
      get = function(path)
        local module = exposes[path]
        if module == nil then return nil end
        return function()
          if type(module) == "function" then return module() end
          return module
        end
      end,
    }]]):format(name))
  return { name = name, entry = "http://" .. host .. "/mf-manifest.json" }
end

--- A host of the test: as `mf.createInstance`, with a name of its own where none is given. It ends with the test.
function test.host(options)
  if options ~= nil and type(options) ~= "table" then
    error("mf.test.host: expected a table, got a " .. type(options), 2)
  end
  local own = { name = "test-host" }
  for key, value in pairs(options or {}) do own[key] = value end
  local host = mf.createInstance(own)
  hosts[#hosts + 1] = host
  return host
end

--- Notes each call of some hooks, or of all: `{ { hook = name, args = args }, … }`.
function test.record(host, hooks)
  local calls, plugin = {}, { name = "recorder-of-the-test" }
  for _, name in ipairs(hooks or native.hooks) do
    plugin[name] = function(args) calls[#calls + 1] = { hook = name, args = args } end
  end
  host:registerPlugins { plugin }
  return calls
end

test.clock = {}

--- Puts the clock forward; timers that become due on the way run, in their order.
function test.clock:advance(duration)
  if self ~= test.clock then error("write mf.test.clock:advance(…), with a colon", 2) end
  native.advance(duration)
end

test.net = {}

local function host_of(remote)
  local name = type(remote) == "table" and remote.name or remote
  if type(name) ~= "string" or not exposes[name] then
    error(("mf.test.net: there is no remote %q in this spec: make it with mf.test.remote"):format(tostring(name)), 3)
  end
  return name .. ".test"
end

local function fail(host, how)
  failures[#failures + 1] = { host, failing[host] }
  failing[host] = how
  native.fail(host, how)
end

--- Has a remote of the spec fail from now on: a status, "timeout", "corrupt", or "slow 2s".
function test.net.fail(remote, how)
  local host = host_of(remote)
  local valid = math.type(how) == "integer" and how >= 300 and how <= 599 or how == "timeout" or how == "corrupt"
    or type(how) == "string" and how:find("^slow %S+$")
  if not valid then
    error(("mf.test.net.fail: a status from 300 to 599, \"timeout\", \"corrupt\" or \"slow 2s\", got %s"):format(
      tostring(how)), 2)
  end
  fail(host, how)
end

--- Has a remote of the spec answer again.
function test.net.heal(remote) fail(host_of(remote), nil) end

local function mark() return { hosts = #hosts, failures = #failures } end

local function revert(to)
  for i = #hosts, to.hosts + 1, -1 do
    hosts[i]:dispose()
    hosts[i] = nil
  end
  for i = #failures, to.failures + 1, -1 do
    local host, before = failures[i][1], failures[i][2]
    failing[host] = before
    native.fail(host, before)
    failures[i] = nil
  end
end

return test, exposes, mark, revert
