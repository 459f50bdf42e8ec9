-- The operations of a scenario.
--
-- Each gives what the trace shows of its result and, for plugins that go on working with it, the result itself.

local errors = require("conformance.errors")
local inspect = require("conformance.inspect")
local json = require("conformance.json")
local plugins = require("conformance.plugins")
local project = require("conformance.project")
local session = require("conformance.session")
local shares = require("conformance.shares")
local trace = require("conformance.trace")
local values = require("conformance.values")

local steps = {}

local mf = session.mf
local operations = {}

-- Creating hosts

local function started(step, create)
  local handle = step.host or "h"
  local options = step.options
  if options == nil then options = session.scenario.hosts and session.scenario.hosts[handle] or {} end
  local host = create(plugins.host_options(options))
  local known = session.handle_of(host)
  session.keep(handle, host)
  return { host = project(host.name), sameAs = known ~= handle and known or nil }, host
end

function operations.init(step) return started(step, mf.init) end

function operations.createInstance(step) return started(step, mf.createInstance) end

function operations.initOptions(step, host)
  host:initOptions(plugins.host_options(step.options or {}, host.name))
  return true
end

-- Loading

function operations.loadRemote(step, host)
  local result
  if step.options ~= nil then
    result = host:loadRemote(step.id, values.build(step.options))
  else
    result = host:loadRemote(step.id)
  end
  if step.call and type(result) == "function" then return { called = project(result()) }, result end
  return project(result), result
end

local function share_options(step)
  local extra
  if step.customShareInfo ~= nil then
    extra = {}
    local info = step.customShareInfo
    if type(info) == "table" and (info.mode ~= nil or info.value ~= nil) then
      extra.customShareInfo = shares.one(step.pkg, info, "custom")
    else
      extra.customShareInfo = values.build(info)
    end
  end
  if step.resolver ~= nil then
    extra = extra or {}
    local version = step.resolver.version
    extra.resolver = function(list)
      for _, share in ipairs(list) do
        if share.version == version then return share end
      end
    end
  end
  if step.from ~= nil then
    extra = extra or {}
    extra.from = step.from
  end
  return extra
end

local function share_result(factory)
  if factory == false then return false, factory end
  if type(factory) ~= "function" then return { notAFunction = project(factory) }, factory end
  return { lib = project(factory()) }, factory
end

local function load_share(method)
  return function(step, host)
    local extra = share_options(step)
    if extra == nil then return share_result(host[method](host, step.pkg)) end
    return share_result(host[method](host, step.pkg, extra))
  end
end

operations.loadShare = load_share("loadShare")
operations.loadShareSync = load_share("loadShareSync")

function operations.preloadRemote(step, host)
  host:preloadRemote(values.build(step.ops))
  return true
end

-- Registering

function operations.registerRemotes(step, host)
  local remotes = values.build(step.remotes)
  if step.force == nil then
    host:registerRemotes(remotes)
  else
    host:registerRemotes(remotes, { force = step.force })
  end
  return true
end

function operations.registerPlugins(step, host)
  host:registerPlugins(plugins.list(step.plugins))
  return true
end

function operations.registerGlobalPlugins(step)
  mf.registerGlobalPlugins(plugins.list(step.plugins))
  return true
end

function operations.registerShared(step, host)
  host:registerShared(shares.all(step.shared, host.name))
  return true
end

-- Share scopes

--- Waits for what initializeSharing returned and counts it.
function steps.wait_for(pending)
  if type(pending) == "number" then return math.tointeger(pending) end
  if not values.is_container(pending) then return 0 end
  local count = #pending
  for index = 1, count do
    local one = pending[index]
    if type(one) == "function" then
      one()
    elseif values.is_container(one) and one.wait then
      one:wait()
    end
  end
  return count
end

function operations.initializeSharing(step, host)
  local pending
  if step.options ~= nil then
    pending = host:initializeSharing(step.scope, values.build(step.options))
  else
    pending = host:initializeSharing(step.scope)
  end
  return { waitedFor = steps.wait_for(pending) }
end

function operations.initShareScopeMap(step, host)
  local scopes = session.host(step.fromHost).shareScopeMap
  local scope = scopes[step.fromScope or step.scope]
  if step.passMap then
    host:initShareScopeMap(step.scope, scope, { hostShareScopeMap = scopes })
  else
    host:initShareScopeMap(step.scope, scope)
  end
  return true
end

function operations.initRawContainer(step, host)
  local written = step.container
  local container
  if type(written) == "table" and written["$container"] == nil then
    container = require("conformance.containers").made(written)
  else
    container = values.build(written)
  end
  local module = host:initRawContainer(step.name, step.url, container)
  return "<module " .. tostring(module.remoteInfo.name) .. ">", module
end

-- Snapshots and plans

function operations.addGlobalSnapshot(step)
  mf.addGlobalSnapshot(values.build(step.snapshot))
  return true
end

local function remote_named(host, name)
  for _, remote in ipairs(host.options.remotes) do
    if remote.name == name then return remote end
  end
  error(("the host has no remote `%s`"):format(tostring(name)), 0)
end

-- A remote with what its snapshot says filled in, as the preloader makes it.
local function resolved(remote, snapshot)
  local info = values.copy(remote)
  info.shareScope = info.shareScope or "default"
  if snapshot == nil then return info end
  local path, entry = snapshot.publicPath or "", snapshot.remoteEntry or ""
  if path ~= "" and entry ~= "" then
    info.entry = path:sub(-1) == "/" and path .. entry or path .. "/" .. entry
  end
  info.version = snapshot.version
  info.buildVersion = snapshot.buildVersion
  info.type = snapshot.remoteEntryType or info.type
  info.entryGlobalName = snapshot.globalName or info.entryGlobalName
  return info
end

function operations.generatePreloadAssets(step, host)
  local remote = remote_named(host, step.remote)
  local loaded = host.snapshotHandler:loadRemoteSnapshotInfo {
    moduleInfo = remote, id = remote.name .. "/*", initiator = "preloadRemote",
  }
  local config = { resourceCategory = "sync", share = true, depsRemote = true, recordPreloadedAssets = true }
  if step.config then
    for key, value in json.each(step.config) do config[key] = values.build(value) end
  end
  local plan = host:emit("generatePreloadAssets", {
    origin = host, preloadOptions = { remote = remote, preloadConfig = config }, remote = remote,
    remoteInfo = resolved(remote, loaded.remoteSnapshot), globalSnapshot = loaded.globalSnapshot,
    remoteSnapshot = loaded.remoteSnapshot,
  })
  if not values.is_container(plan) then return project(plan), plan end
  local entries = json.list({})
  for index, entry in ipairs(plan.entryAssets or {}) do
    entries[index] = { name = project(entry.name), url = project(entry.url) }
  end
  return {
    cssAssets = project(plan.cssAssets), jsAssetsWithoutEntry = project(plan.jsAssetsWithoutEntry),
    entryAssets = entries,
  }, plan
end

-- The rest

function operations.emit(step, host)
  local args = values.build(step.args)
  if type(args) == "table" then args.origin = host end
  local result = host:emit(step.hook, args)
  if args ~= nil and rawequal(result, args) then return "<args>", result end
  return project(result), result
end

operations["global"] = function(step)
  local args, count = {}, 0
  for index, written in ipairs(step.args or {}) do
    args[index] = values.build(written)
    count = index
  end
  local result = mf[step.fn](table.unpack(args, 1, count))
  return project(result), result
end

function operations.inspect(step, host)
  return inspect(step.what, step.host, host)
end

function operations.setServed(step)
  local served = session.scenario.served
  served[step.name] = served[step.name] or {}
  for key, value in json.each(step.patch) do
    served[step.name][key] = value ~= json.null and value or nil
  end
  session.native.set_served(step.name, json.encode(step.patch, true))
  return true
end

function operations.delay(step)
  mf.sleep(step.ms)
  return true
end

-- Operations that are about the process or that find their host themselves.
local without_host = {
  init = true, createInstance = true, registerGlobalPlugins = true, addGlobalSnapshot = true, global = true,
  setServed = true, delay = true, parallel = true, inspect = true,
}

--- Performs one operation on a host (the step's, unless one is given); gives its view and its result.
function steps.perform(step, host)
  local operation = operations[step.op] or error(("unknown operation `%s`"):format(tostring(step.op)), 0)
  if host == nil and not without_host[step.op] then host = session.host(step.host) end
  return operation(step, host)
end

-- How long a step may take, in milliseconds.
-- Five times what the recording waited: the machine may be busy.
local default_timeout = 10000

-- Performs a step and gives what the trace says of it.
local function attempt(step)
  local ok, view = pcall(steps.perform, step)
  if not ok then return { error = errors.text(view) } end
  return { ok = view == nil and json.null or view }
end

-- The same in a task of its own. A step that does not end in time is left behind: it may still write lines.
local function attempt_within(step, limit)
  local outcome
  local watch = mf.spawn(function() mf.sleep(limit) end)
  mf.spawn(function()
    outcome = attempt(step)
    watch:cancel()
  end)
  pcall(watch.wait, watch)
  return outcome or { error = "<never settles>" }
end

-- What goes on only after everything that does not wait has happened, when several operations start at once.
local begins_later = { loadRemote = true, loadShare = true, preloadRemote = true, generatePreloadAssets = true }

function operations.parallel(step)
  local outcomes, tasks = json.list({}), {}
  for index, one in ipairs(step.ops) do
    tasks[index] = mf.spawn(function()
      if begins_later[one.op] then mf.sleep(0) end
      outcomes[index] = one.timeout and attempt_within(one, one.timeout) or attempt(one)
    end)
  end
  for _, task in ipairs(tasks) do task:wait() end
  return outcomes
end

-- What never waits: nothing has to watch it. Its outcome is written one turn of the queue after it has ended, as a
-- promise's is, and before anything that waits for a turn of the loop.
local never_waits = { loadShareSync = true }

local function attempt_at_once(step)
  local outcome = attempt(step)
  mf.spawn(function() end):wait()
  return outcome
end

--- Runs step number `index` and writes its lines.
function steps.run(index, step)
  local unordered = step.unordered or step.op == "parallel"
  if unordered then trace.collect() end
  local outcome = never_waits[step.op] and attempt_at_once(step)
    or attempt_within(step, step.timeout or default_timeout)
  if unordered then trace.write_collected(index) end
  trace.write { step = index, op = step.op, ok = outcome.ok, error = outcome.error }
end

return steps
