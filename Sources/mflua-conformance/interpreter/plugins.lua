-- The plugins a scenario describes, each built once.

local actions = require("conformance.actions")
local arguments = require("conformance.arguments")
local json = require("conformance.json")
local project = require("conformance.project")
local shares = require("conformance.shares")
local trace = require("conformance.trace")
local values = require("conformance.values")

local plugins = {}

local written, built = {}, {}

local function reference(plugin)
  return plugin.key or plugin.name
end

--- Learns the scenario's plugins.
function plugins.know(list)
  for _, plugin in ipairs(list or {}) do
    local ref = reference(plugin)
    if ref ~= nil then written[ref] = plugin end
  end
end

-- `fetch` may be called with its arguments one by one; everywhere else there is one argument.
local function gather(hook, first, ...)
  if hook ~= "fetch" or type(first) ~= "string" then return first end
  local _, remote_info, context = ...
  return { url = first, remoteInfo = remote_info, resourceContext = context }
end

-- A hook: writes its line, then does what the scenario says.
local function listener(plugin, hook, list)
  local calls, results, quiet = 0, {}, false
  if not json.is_list(list) then list, quiet = list["do"] or {}, list.quiet end
  return function(...)
    local args = gather(hook, ...)
    calls = calls + 1
    if not quiet then trace.write { plugin = plugin, hook = hook, args = arguments(args, hook) } end
    return actions.perform(list, { plugin = plugin, hook = hook, args = args, call = calls, results = results })
  end
end

local function applier(plugin)
  return function(first, second)
    local instance = second ~= nil and second or first
    trace.write { plugin = plugin, hook = "apply", args = { origin = project(instance) } }
  end
end

local function build(ref, plugin)
  if plugin.raw ~= nil then return values.build(plugin.raw) end
  local made = { name = plugin.name }
  built[ref] = { value = made }
  if plugin.apply then made.apply = applier(ref) end
  for hook, list in json.each(plugin.hooks or {}) do made[hook] = listener(ref, hook, list) end
  if plugin.sameFunctionAs then
    for hook, other in json.each(plugin.sameFunctionAs) do made[hook] = plugins.get(other)[hook] end
  end
  return made
end

--- The plugin of a reference: its key or name.
function plugins.get(ref)
  if type(ref) ~= "string" then return values.build(ref) end
  if not built[ref] then
    local plugin = written[ref] or error(("no plugin is called `%s`"):format(ref), 0)
    built[ref] = { value = build(ref, plugin) }
  end
  return built[ref].value
end

--- The plugins of a list of references.
function plugins.list(refs)
  local result = {}
  for index, ref in ipairs(refs) do result[index] = plugins.get(ref) end
  return result
end

--- A host's options: `plugins` looked up, `shared` made in the name of `owner`, everything else as it is.
function plugins.host_options(options, owner, name)
  local result = {}
  for key, value in json.each(options) do
    if key == "plugins" and json.is_list(value) then
      result.plugins = plugins.list(value)
    elseif key == "shared" and type(value) == "table" then
      result.shared = shares.all(value, owner or options.name)
    else
      result[key] = values.build(value)
    end
  end
  if name ~= nil then result.name = options.name or name end
  return result
end

return plugins
