-- Containers: the ones that the server hands out entries for, and the ones made in place.

local exposes = require("conformance.exposes")
local json = require("conformance.json")
local kinds = require("conformance.kinds")
local project = require("conformance.project")
local session = require("conformance.session")
local shares = require("conformance.shares")
local trace = require("conformance.trace")
local values = require("conformance.values")
local views = require("conformance.views")

local containers = {}

local function shown_options(options)
  if not values.is_container(options) then return project(options) end
  local shown = values.copy(options)
  shown.shareScopeMap = nil
  return project(shown)
end

-- Puts the container's packages into a share scope, each unless its version is there already.
local function register(written, name, scope)
  shares.each(written, function(pkg, share)
    local made = shares.one(pkg, share, name)
    if scope[pkg] == nil then scope[pkg] = {} end
    local version = made.version or "0"
    if scope[pkg][version] ~= nil then return end
    made.from = name
    made.scope = { "default" }
    made.useIn = {}
    made.deps = {}
    made.loaded = nil
    made.strategy = made.strategy or "version-first"
    scope[pkg][version] = made
  end)
end

-- The container's own federation instance, as a bundler sets it up in init.
local function start_instance(label, spec, scope, init_scope, init_options)
  local options = require("conformance.plugins").host_options(spec.instance, spec.name or label, spec.name or label)
  options.shareScope = nil
  local instance = session.mf.init(options)
  session.keep("@" .. label, instance)
  local key = spec.instance.shareScope or "default"
  local scopes = init_options and init_options.shareScopeMap
  if init_options and values.is_container(init_options.shareScopeKeys) then scope = scopes[key] end
  instance:initShareScopeMap(key, scope, { hostShareScopeMap = scopes or {} })
  require("conformance.steps").wait_for(instance:initializeSharing(key, {
    strategy = instance.options.shareStrategy, initScope = init_scope, from = "build",
  }))
  return instance
end

-- What belongs to a container's key and survives a second execution of its entry.
local function new_state(label, spec)
  return { label = label, spec = spec, counts = {}, values = setmetatable({}, { __mode = "k" }) }
end

-- A container whose behaviour is looked up at each call, so that `setServed` changes those already loaded.
local function make(state)
  local label = state.label
  local container = {}

  function container.init(scope, init_scope, init_options)
    trace.write {
      container = label, call = "init",
      args = {
        shareScope = views.scope(scope), initScope = project(init_scope), options = shown_options(init_options),
      },
    }
    local spec = state.spec()
    local init = spec.init or {}
    if init.delay then session.mf.sleep(init.delay) end
    if spec.shared then register(spec.shared, spec.name or label, scope) end
    if init.throw then error(init.throw, 0) end
    if spec.instance then state.instance = start_instance(label, spec, scope, init_scope, init_options) end
  end

  function container.get(expose)
    trace.write { container = label, call = "get", expose = expose }
    local spec = state.spec()
    local written = spec.exposes and spec.exposes[expose]
    if written == nil or written == json.null then return nil end
    if written.getDelay or written.asyncGet then session.mf.sleep(written.getDelay or 0) end
    if written.getThrows then error(written.getThrows, 0) end
    return exposes.factory(state, expose, written, spec.name or label)
  end

  local spec = state.spec()
  if spec.noInit then container.init = nil end
  if spec.noGet then container.get = nil end
  return kinds.name_container(container, label)
end

local states = {}

--- The container of a served key: what its entry returns.
function containers.served(key)
  if not session.scenario.served[key] then error(("nothing is served as `%s`"):format(key), 0) end
  states[key] = states[key] or new_state(key, function() return session.scenario.served[key] end)
  return make(states[key])
end

--- A container made from a spec in place.
function containers.made(spec)
  return make(new_state(spec.name or "container", function() return spec end))
end

return containers
