-- What a container's factories return.

local json = require("conformance.json")
local session = require("conformance.session")
local trace = require("conformance.trace")
local values = require("conformance.values")

local exposes = {}

local instance_calls = {}

function instance_calls.loadRemote(instance, id) return instance:loadRemote(id) end

local function called(factory)
  if type(factory) == "function" then return factory() end
  return factory
end

function instance_calls.loadShare(instance, pkg) return called(instance:loadShare(pkg)) end

function instance_calls.loadShareSync(instance, pkg) return called(instance:loadShareSync(pkg)) end

-- The same value for as long as the scenario says the same.
local function kept(state, written, make)
  if state.values[written] == nil then state.values[written] = { make() } end
  return state.values[written][1]
end

--- The factory of an expose. Counters and values belong to `state`, the container's key.
function exposes.factory(state, expose, written, name)
  return function()
    trace.write { container = state.label, call = "factory", expose = expose }
    state.counts[expose] = (state.counts[expose] or 0) + 1
    local count = state.counts[expose]
    if written.delay then session.mf.sleep(written.delay) end
    if written.throws then error(written.throws, 0) end
    if written.counter then return { count = count } end
    if written.nothing then return nil end
    if written.fn ~= nil then
      return kept(state, written, function()
        local value = values.build(written.fn)
        return function() return value end
      end)
    end
    for kind, call in pairs(instance_calls) do
      if written[kind] then
        local got = call(state.instance or session.host("@" .. state.label), written[kind])
        return { via = name, got = got }
      end
    end
    if written.value == nil or written.value == json.null then return nil end
    if written.fresh then return values.build(written.value) end
    return kept(state, written, function() return values.build(written.value) end)
  end
end

return exposes
