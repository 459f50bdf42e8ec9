-- Values of a scenario: what its JSON stands for, and the dotted paths by which actions reach into a value.

local json = require("conformance.json")
local session = require("conformance.session")

local values = {}

-- An object with exactly one of these keys stands for something that JSON cannot say.
local markers = {}

markers["$fn"] = function(operand)
  local value = values.build(operand)
  return function() return value end
end

markers["$get"] = function(operand)
  local value = values.build(operand)
  return function() return function() return value end end
end

markers["$container"] = function(operand)
  return require("conformance.containers").made(operand)
end

markers["$manifestOf"] = function(operand)
  return values.build(json.decode(session.native.manifest(operand)))
end

markers["$urlContains"] = function(operand)
  return function(url) return tostring(url):find(operand, 1, true) ~= nil end
end

markers["$plugin"] = function(operand)
  return require("conformance.plugins").get(operand)
end

markers["$host"] = function(operand)
  return session.host(operand)
end

markers["$throwFn"] = function(operand)
  return function() error(operand, 0) end
end

markers["$asyncGet"] = function(operand)
  local value = values.build(operand)
  return function()
    session.mf.sleep(0)
    return function() return value end
  end
end

markers["$undefined"] = function() return nil end

--- A fresh value from what a scenario says: markers resolved, null as nothing.
function values.build(written)
  if written == json.null then return nil end
  if type(written) ~= "table" then return written end
  if json.is_list(written) then
    local result = {}
    for index = 1, #written do result[index] = values.build(written[index]) end
    return result
  end
  local keys = json.keys(written)
  if #keys == 1 and markers[keys[1]] then return markers[keys[1]](written[keys[1]]) end
  local result = {}
  for _, key in ipairs(keys) do result[key] = values.build(written[key]) end
  return result
end

--- Lets `pairs` visit a table's keys in a given order first: packages are registered in the order they were written.
function values.ordered(result, keys)
  local order = table.move(keys, 1, #keys, 1, {})
  return setmetatable(result, {
    __pairs = function(object)
      local seen, list = {}, {}
      for _, key in ipairs(order) do
        if object[key] ~= nil then seen[key] = true; list[#list + 1] = key end
      end
      for key in next, object do
        if not seen[key] then list[#list + 1] = key end
      end
      local index = 0
      return function()
        index = index + 1
        if list[index] ~= nil then return list[index], object[list[index]] end
      end, object, nil
    end,
  })
end

--- Whether a value can be looked into.
function values.is_container(value)
  return type(value) == "table" or type(value) == "userdata"
end

-- The key a word of a path stands for in a value: numbers count a list's elements from 0.
local function key_in(value, word)
  local index = math.tointeger(tonumber(word))
  if index and value[word] == nil then return index + 1 end
  return word
end

local function words(path)
  local result = {}
  for word in path:gmatch("[^.]+") do result[#result + 1] = word end
  return result
end

--- The value at a dotted path, or nothing.
function values.at(value, path)
  for _, word in ipairs(words(path)) do
    if not values.is_container(value) then return nil end
    value = value[key_in(value, word)]
  end
  return value
end

--- Assigns to a dotted path, making tables on the way where there are none.
function values.set(value, path, new)
  local list = words(path)
  for index = 1, #list - 1 do
    local key = key_in(value, list[index])
    if not values.is_container(value[key]) then value[key] = {} end
    value = value[key]
  end
  value[key_in(value, list[#list])] = new
end

--- Empties the list at a dotted path in place.
function values.clear(value, path)
  local list = values.at(value, path)
  for index = #list, 1, -1 do list[index] = nil end
end

--- A table with the fields of a table or view.
function values.copy(value)
  local result = {}
  for key, field in pairs(value) do result[key] = field end
  return result
end

--- A shallow copy without some keys and with some paths replaced; the first level of a longer path is copied too.
function values.merged(value, merge, omit)
  local result = values.copy(value)
  for _, key in ipairs(omit or {}) do result[key] = nil end
  local copied = {}
  if merge then
    for path, new in json.each(merge) do
      local first = words(path)[1]
      if first ~= path and not copied[first] then
        copied[first] = true
        result[first] = values.is_container(result[first]) and values.copy(result[first]) or {}
      end
      values.set(result, path, values.build(new))
    end
  end
  return result
end

return values
