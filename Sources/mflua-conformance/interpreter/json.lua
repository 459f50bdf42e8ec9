-- JSON text to tables and back.
--
-- Unlike the runtime's own codec this one remembers what a Lua table forgets: which tables were lists and in which
-- order the keys of an object were written. Scenarios mean something by both.

local json = {}

--- What `null` is read as, so that a key with nothing in it is still a key.
json.null = setmetatable({}, { __tostring = function() return "null" end })

local lists = setmetatable({}, { __mode = "k" })
local orders = setmetatable({}, { __mode = "k" })

--- Whether a table was written as a list (also an empty one).
function json.is_list(value)
  return lists[value] == true
end

--- Marks a table as a list, so that it is written as one even when empty.
function json.list(value)
  lists[value] = true
  return value
end

--- The keys of an object in the order they were written; sorted ones for any other table.
function json.keys(object)
  if orders[object] then return orders[object] end
  local keys = {}
  for key in pairs(object) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  return keys
end

--- Visits an object in the order it was written.
function json.each(object)
  local keys, index = json.keys(object), 0
  return function()
    index = index + 1
    local key = keys[index]
    if key ~= nil then return key, object[key] end
  end
end

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function fail(text, position, what)
  error(("scenario is not JSON: %s at byte %d, near `%s`"):format(what, position, text:sub(position, position + 20)), 0)
end

local function skip(text, position)
  return text:find("[^ \t\r\n]", position) or #text + 1
end

local function read_string(text, position)
  local parts, from = {}, position + 1
  while true do
    local stop = text:find('["\\]', from)
    if not stop then fail(text, position, "a string without an end") end
    parts[#parts + 1] = text:sub(from, stop - 1)
    if text:sub(stop, stop) == '"' then return table.concat(parts), stop + 1 end
    local letter = text:sub(stop + 1, stop + 1)
    if letter == "u" then
      local unit = tonumber(text:sub(stop + 2, stop + 5), 16)
      from = stop + 6
      if unit >= 0xD800 and unit < 0xDC00 and text:sub(from, from + 1) == "\\u" then
        local low = tonumber(text:sub(from + 2, from + 5), 16)
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
        from = from + 6
      end
      parts[#parts + 1] = utf8.char(unit)
    else
      parts[#parts + 1] = escapes[letter] or fail(text, stop, "an unknown escape")
      from = stop + 2
    end
  end
end

local read_value

local function read_list(text, position)
  local result, count = json.list({}), 0
  position = skip(text, position + 1)
  if text:sub(position, position) == "]" then return result, position + 1 end
  while true do
    count = count + 1
    result[count], position = read_value(text, position)
    position = skip(text, position)
    local mark = text:sub(position, position)
    if mark == "]" then return result, position + 1 end
    if mark ~= "," then fail(text, position, "a list without its comma") end
    position = skip(text, position + 1)
  end
end

local function read_object(text, position)
  local result, keys = {}, {}
  orders[result] = keys
  position = skip(text, position + 1)
  if text:sub(position, position) == "}" then return result, position + 1 end
  while true do
    if text:sub(position, position) ~= '"' then fail(text, position, "an object without its key") end
    local key
    key, position = read_string(text, position)
    position = skip(text, position)
    if text:sub(position, position) ~= ":" then fail(text, position, "a key without its colon") end
    if result[key] == nil then keys[#keys + 1] = key end
    result[key], position = read_value(text, skip(text, position + 1))
    position = skip(text, position)
    local mark = text:sub(position, position)
    if mark == "}" then return result, position + 1 end
    if mark ~= "," then fail(text, position, "an object without its comma") end
    position = skip(text, position + 1)
  end
end

function read_value(text, position)
  local mark = text:sub(position, position)
  if mark == "{" then return read_object(text, position) end
  if mark == "[" then return read_list(text, position) end
  if mark == '"' then return read_string(text, position) end
  if text:sub(position, position + 3) == "true" then return true, position + 4 end
  if text:sub(position, position + 4) == "false" then return false, position + 5 end
  if text:sub(position, position + 3) == "null" then return json.null, position + 4 end
  local digits = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", position)
  if not digits then fail(text, position, "not a value") end
  return math.tointeger(tonumber(digits)) or tonumber(digits), position + #digits
end

--- Reads one value.
function json.decode(text)
  local value, position = read_value(text, skip(text, 1))
  if skip(text, position) <= #text then fail(text, position, "something after the value") end
  return value
end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\\127]', function(char)
    if char == '"' or char == "\\" then return "\\" .. char end
    return ("\\u%04x"):format(char:byte())
  end) .. '"'
end

local function number_text(number)
  if math.type(number) == "integer" then return ("%d"):format(number) end
  if number ~= number or number == math.huge or number == -math.huge then return "null" end
  local whole = math.tointeger(number)
  if whole then return ("%d"):format(whole) end
  local short = ("%.14g"):format(number)
  return tonumber(short) == number and short or ("%.17g"):format(number)
end

--- Writes one value on one line: lists as lists, other tables with their keys sorted (or, `as_written`, in the order
--- they were read).
function json.encode(value, as_written)
  local kind = type(value)
  if value == json.null or value == nil then return "null" end
  if kind == "string" then return quoted(value) end
  if kind == "number" then return number_text(value) end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then error("cannot write a " .. kind .. " as JSON", 2) end
  local parts = {}
  if json.is_list(value) or value[1] ~= nil then
    for index = 1, #value do parts[index] = json.encode(value[index], as_written) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = json.keys(value)
  if not as_written then
    keys = table.move(keys, 1, #keys, 1, {})
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  end
  for _, key in ipairs(keys) do
    if value[key] ~= nil then
      parts[#parts + 1] = quoted(tostring(key)) .. ":" .. json.encode(value[key], as_written)
    end
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return json
