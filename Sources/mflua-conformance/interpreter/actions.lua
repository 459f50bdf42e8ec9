-- What a hook of a scenario's plugin does.

local errors = require("conformance.errors")
local json = require("conformance.json")
local project = require("conformance.project")
local session = require("conformance.session")
local trace = require("conformance.trace")
local values = require("conformance.values")

local actions = {}

-- Each action gets (what is written, the call it happens in) and gives true and a value when the hook is to return.
local verbs = {}

local perform

local function projected_at(call, path)
  local value = values.at(call.args, path)
  if path == "error" or path:find("%.error$") then return errors.view(value) end
  return project(value)
end

-- A written operand in the form that projected values have.
local function operand(written)
  return project(values.build(written))
end

local function equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  return json.encode(a) == json.encode(b)
end

local function contains(value, wanted)
  if type(value) == "string" then return type(wanted) == "string" and value:find(wanted, 1, true) ~= nil end
  if type(value) ~= "table" then return false end
  for _, element in pairs(value) do
    if equal(element, wanted) then return true end
  end
  return false
end

local function holds(condition, call)
  local value = projected_at(call, condition.path)
  if condition.absent ~= nil then return (value == nil) == (condition.absent ~= false) end
  if condition.contains ~= nil then return contains(value, operand(condition.contains)) end
  return equal(value, operand(condition.equals))
end

local function branch(written, call, taken)
  local list = taken and written["then"] or not taken and written["else"]
  if list then return perform(list, call) end
end

verbs["if"] = function(written, call)
  return branch(written, call, holds(written["if"], call))
end

function verbs.onCall(written, call)
  local wanted, taken = written.onCall, false
  if type(wanted) ~= "table" then wanted = { wanted } end
  for _, number in ipairs(wanted) do taken = taken or number == call.call end
  return branch(written, call, taken)
end

function verbs.set(written, call)
  for path, value in json.each(written.set) do values.set(call.args, path, values.build(value)) end
end

function verbs.clear(written, call)
  values.clear(call.args, written.clear)
end

function verbs.delay(written)
  session.mf.sleep(written.delay)
end

function verbs.note(written, call)
  trace.write { plugin = call.plugin, hook = call.hook, note = written.note }
end

verbs["throw"] = function(written)
  error(written.throw, 0)
end

-- The host that a step inside a hook works on, unless the step names one.
local function host_of(step, args)
  if step.host ~= nil or not values.is_container(args) then return nil end
  return args.origin or args.host
end

verbs["call"] = function(written, call)
  local step = written.call
  local line = { plugin = call.plugin, hook = call.hook, call = step.op }
  local ok, view, raw = pcall(require("conformance.steps").perform, step, host_of(step, call.args))
  if ok then
    line.ok = view == nil and json.null or view
    if written.as then call.results[written.as] = raw end
  else
    line.error = errors.text(view)
  end
  trace.write(line)
  if not ok and written.rethrow then error(view, 0) end
end

-- The function that a plugin puts in place of resolveShare's resolver.
local function resolver(written, args)
  if written.nothing then return function() return nil end end
  if written.lib ~= nil then
    local lib = values.build(written.lib)
    return function()
      local shared = values.copy(args.shareInfo)
      shared.lib = function() return lib end
      shared.version = written.version or shared.version
      shared.from = written.from or "plugin"
      shared.loaded = true
      shared.useIn = {}
      return { shared = shared, useTreesShaking = false }
    end
  end
  local scopes, scope, pkg = args.shareScopeMap, args.scope, args.pkgName
  return function()
    return { shared = scopes[scope][pkg][written.version], useTreesShaking = false }
  end
end

function verbs.resolver(written, call)
  local chosen = resolver(written.resolver, call.args)
  if not (written.asCopy or written.resolver.asCopy) then
    call.args.resolver = chosen
    return
  end
  local copy = values.copy(call.args)
  copy.resolver = chosen
  return true, copy
end

function verbs.retryEntry(written, call)
  local args, url = call.args, values.build(written.retryEntry.url)
  args.globalLoading[args.uniqueKey] = nil
  return true, args.getRemoteEntry {
    origin = args.origin, remoteInfo = args.remoteInfo, remoteEntryExports = args.remoteEntryExports,
    getEntryUrl = function() return url end,
  }
end

-- The text of a response's JSON body; a manifest is what the server would send.
local function json_body(written)
  if type(written) == "table" and written["$manifestOf"] then
    return session.native.manifest(written["$manifestOf"])
  end
  return json.encode(written, true)
end

-- An HTTP response, made by hand.
local function response(written)
  local body = written.json ~= nil and json_body(written.json) or written.text or ""
  local status = written.status or 200
  return {
    status = status, ok = status >= 200 and status < 300, headers = {}, body = body,
    text = function() return body end,
    json = function() return session.mf.json.decode(body) end,
  }
end

-- What `return` names besides the argument itself.
local results = {}

function results.value(written) return values.build(written.value) end

function results.arg(written, call) return values.at(call.args, written.arg) end

function results.result(written, call) return call.results[written.result] end

function results.response(written) return response(written.response) end

function results.wrap(written, call)
  local inner, with = values.at(call.args, written.wrap.path), written.wrap.with
  return function()
    local wrapped = with and values.build(with) or {}
    wrapped.inner = inner
    return wrapped
  end
end

verbs["return"] = function(written, call)
  local what = written["return"]
  if what == "args" then return true, call.args end
  if what == "copy" then return true, values.merged(call.args, written.merge, written.omit) end
  if what == "nothing" then return true, nil end
  if type(what) == "table" then
    for kind, result in pairs(results) do
      if what[kind] ~= nil then return true, result(what, call) end
    end
  end
  error("a scenario returns something unknown: " .. json.encode(what), 0)
end

local function verb_of(written)
  for _, key in ipairs(json.keys(written)) do
    if verbs[key] then return verbs[key] end
  end
  error("a scenario has an unknown action: " .. json.encode(written), 0)
end

function perform(list, call)
  for _, written in ipairs(list) do
    local returned, value = verb_of(written)(written, call)
    if returned then return true, value end
  end
end

--- Performs actions until one returns; gives what the hook returns.
function actions.perform(list, call)
  local returned, value = perform(list, call)
  if returned then return value end
end

return actions
