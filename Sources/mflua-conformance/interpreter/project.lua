-- Any value as a trace shows it.

local errors = require("conformance.errors")
local json = require("conformance.json")
local kinds = require("conformance.kinds")
local session = require("conformance.session")

local deepest = 24

local shown = {
  container = function(value) return "<container " .. kinds.container_name(value) .. ">" end,
  host = function(value) return "<host " .. (value.name or "undefined") .. ">" end,
  module = function(value) return "<module " .. tostring(value.remoteInfo.name) .. ">" end,
  error = errors.view,
  promise = function() return "<promise>" end,
  response = function() return "<response>" end,
}

local function key_text(key)
  return session.hide(tostring(key))
end

--- The projection: text, numbers, booleans and tables of them.
local function project(value, depth)
  depth = depth or 0
  local kind = type(value)
  if value == nil or value == session.mf.null then return nil end
  if kind == "string" then return session.hide(value) end
  if kind == "number" or kind == "boolean" then return value end
  if kind == "function" then return "<function>" end
  local special = kinds.of(value)
  if special then return shown[special](value) end
  if kind ~= "table" and kind ~= "userdata" then return "<" .. kind .. ">" end
  if depth > deepest then return "<too deep>" end
  local result, count, highest = {}, 0, 0
  for key, field in pairs(value) do
    local view = key == "error" and errors.view(field) or project(field, depth + 1)
    if view ~= nil then
      count = count + 1
      local index = math.type(key) == "integer" and key
      if index and index > 0 then highest = highest + 1 end
      result[index or key_text(key)] = view
    end
  end
  if count > 0 and highest == count and #result == count then return json.list(result) end
  if highest > 0 then
    local named = {}
    for key, view in pairs(result) do named[tostring(key)] = view end
    return named
  end
  return result
end

return project
