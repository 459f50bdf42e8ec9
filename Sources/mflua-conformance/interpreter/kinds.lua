-- What sort of thing a value is: hosts, modules and errors are shown by name in a trace.

local kinds = {}

local containers = setmetatable({}, { __mode = "k" })

--- Remembers that a table is a container and what it is called in the trace.
function kinds.name_container(container, label)
  containers[container] = label
  return container
end

--- The name of a container of ours, or nil.
function kinds.container_name(value)
  return (type(value) == "table" or type(value) == "userdata") and containers[value] or nil
end

-- A field of anything, also of what refuses to be indexed.
local function field(value, key)
  local ok, result = pcall(function() return value[key] end)
  if ok then return result end
end

kinds.field = field

local type_name = require("mf").type

--- "container", "host", "module", "error", "response", "promise" or nil for plain data.
function kinds.of(value)
  if type(value) == "table" then
    if containers[value] then return "container" end
    if type(rawget(value, "text")) == "function" and type(rawget(value, "json")) == "function" then
      return "response"
    end
    return nil
  end
  if type(value) == "thread" then return "promise" end
  if type(value) ~= "userdata" then return nil end
  if containers[value] then return "container" end
  local name = type_name(value) or ""
  if name == "mf.Host" then return "host" end
  if name == "mf.Module" then return "module" end
  if name == "mf.Error" then return "error" end
  if name == "mf.Task" then return "promise" end
  if name == "mf.Response" then return "response" end
  return nil
end

return kinds
