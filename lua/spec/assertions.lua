-- `assert` of specs, with luassert's words. Returns it, `match`, and two functions: one
-- that compares lists by what they hold, and one that puts a value into words.
-- Called with the function that raises a failure at the place of the spec.
local fail = ...

local plain_assert = assert

-- ---- Values in words ----

local function keys_of(value)
  local keys = {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
    return type(a) < type(b)
  end)
  return keys
end

local function words(value, depth, seen)
  if type(value) == "string" then return ("%q"):format(value):gsub("\\\n", "\\n") end
  if type(value) ~= "table" or getmetatable(value) and getmetatable(value).__tostring then return tostring(value) end
  depth, seen = depth or 0, seen or {}
  if seen[value] then return "{ itself }" end
  if depth > 4 then return "{ … }" end
  seen[value] = true
  local parts, length = {}, #value
  for _, key in ipairs(keys_of(value)) do
    if #parts == 30 then
      parts[#parts + 1] = "…"
      break
    end
    local text = words(value[key], depth + 1, seen)
    if math.type(key) == "integer" and key >= 1 and key <= length then
      parts[#parts + 1] = text
    elseif type(key) == "string" and key:find("^[%a_][%w_]*$") then
      parts[#parts + 1] = key .. " = " .. text
    else
      parts[#parts + 1] = "[" .. words(key, depth + 1, seen) .. "] = " .. text
    end
  end
  seen[value] = nil
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

-- ---- Sameness ----

local matcher = {} -- the metatable of what `match` makes

local function same(a, b, seen)
  if getmetatable(a) == matcher then return a.accepts(b) end
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  if rawequal(a, b) then return true end
  local mt = getmetatable(a)
  if mt and mt == getmetatable(b) and mt.__eq then return a == b end
  seen = seen or {}
  if seen[a] == b then return true end
  seen[a] = b
  for key, value in next, a do
    if not same(value, b[key], seen) then return false end
  end
  for key in next, b do
    if rawget(a, key) == nil then return false end
  end
  return true
end

local function same_lists(expected, actual)
  for i = 1, math.max(expected.n, actual.n) do
    if not same(expected[i], actual[i]) then return false end
  end
  return true
end

local function called_with(spy, expected)
  for _, call in ipairs(spy.calls) do
    if same_lists(expected, call.vals) then return true end
  end
  return false
end

local function list_in_words(list)
  local parts = {}
  for i = 1, list.n do parts[i] = words(list[i]) end
  return "(" .. table.concat(parts, ", ") .. ")"
end

--- The text of an error without the place in front, as specs name it.
local function message_of(raised)
  if type(raised) ~= "string" then return raised end
  return (raised:gsub("^.-:%d+: ", "", 1))
end

-- ---- The assertions: each returns whether it holds, and what to say where that is not what was asked for ----

local assertions = {}

function assertions.equal(args) return args[1] == args[2], words(args[1]), words(args[2]) end
function assertions.same(args) return same(args[1], args[2]), words(args[1]), words(args[2]) end

for name, holds in pairs {
  ["true"] = function(value) return value == true end,
  ["false"] = function(value) return value == false end,
  truthy = function(value) return value ~= nil and value ~= false end,
  falsy = function(value) return value == nil or value == false end,
  ["nil"] = function(value) return value == nil end,
} do
  assertions[name] = function(args) return holds(args[1]), name, words(args[1]) end
end

for _, name in ipairs { "boolean", "number", "string", "table", "function", "userdata", "thread" } do
  assertions[name] = function(args) return type(args[1]) == name, "a value of type " .. name, words(args[1]) end
end

function assertions.callable(args)
  local mt = getmetatable(args[1])
  return type(args[1]) == "function" or mt ~= nil and mt.__call ~= nil, "a function", words(args[1])
end

function assertions.near(args)
  local expected, actual, tolerance = args[1], args[2], args[3]
  return math.abs(expected - actual) <= tolerance, words(expected) .. " ± " .. words(tolerance), words(actual)
end

function assertions.match(args)
  local pattern, text = args[1], args[2]
  local found = type(text) == "string" and text:find(pattern, args[3], args[4]) ~= nil
  return found, "a text that matches " .. words(pattern), words(text)
end

function assertions.unique(args)
  local list, deep = args[1], args[2]
  for i = 1, #list do
    for j = i + 1, #list do
      if list[i] == list[j] or deep and same(list[i], list[j]) then
        return false, "no element twice", words(list[i]) .. " twice"
      end
    end
  end
  return true, "no element twice"
end

function assertions.error(args)
  local ok, raised = pcall(args[1])
  local actual = ok and "no error" or "the error " .. words(message_of(raised))
  if args.n == 1 then return not ok, "an error", actual end
  local expected = args[2]
  raised = message_of(raised)
  if type(expected) == "string" and type(raised) ~= "string" and not ok then raised = tostring(raised) end
  return not ok and same(expected, raised), "the error " .. words(expected), actual
end

function assertions.error_matches(args)
  local ok, raised = pcall(args[1])
  local text = type(raised) == "string" and raised or tostring(raised)
  local found = not ok and text:find(args[2], args[3], args[4]) ~= nil
  return found, "an error that matches " .. words(args[2]), ok and "no error" or "the error " .. words(text)
end

local function count_of(spy) return #spy.calls end
local function times(n) return n == 1 and "1 call" or n .. " calls" end

function assertions.called(args, spy)
  local expected = args[1]
  if expected == nil then return count_of(spy) > 0, "a call", times(count_of(spy)) end
  return count_of(spy) == expected, times(expected), times(count_of(spy))
end

for name, holds in pairs {
  called_at_least = function(count, n) return count >= n end,
  called_at_most = function(count, n) return count <= n end,
  called_more_than = function(count, n) return count > n end,
  called_less_than = function(count, n) return count < n end,
} do
  assertions[name] = function(args, spy)
    return holds(count_of(spy), args[1]), name:gsub("_", " ") .. " " .. times(args[1]), times(count_of(spy))
  end
end

function assertions.called_with(args, spy)
  local last = spy.calls[#spy.calls]
  return called_with(spy, args), "a call with " .. list_in_words(args),
    last and times(count_of(spy)) .. ", the last with " .. list_in_words(last.vals) or "no call"
end

function assertions.returned_with(args, spy)
  local held = false
  for _, call in ipairs(spy.calls) do held = held or call.returned and same_lists(args, call.returned) end
  return held, "a call that returned " .. list_in_words(args), times(count_of(spy))
end

--- Where a message of the spec's own may stand, behind what the assertion takes.
local message_at = { equal = 3, same = 3, near = 4 }
for _, name in ipairs {
  "true", "false", "truthy", "falsy", "nil", "boolean", "number", "string", "table", "function", "userdata", "thread",
} do
  message_at[name] = 2
end

local aliases = {
  equals = "equal", errors = "error", matches = "match", error_match = "error_matches", matches_error = "error_matches",
  match_error = "error_matches", called_times = "called", ["returned_arguments"] = "returned_with",
}

-- ---- The words in between ----

local filling = {}
for word in ("is are was were has have does do be been a an the it"):gmatch("%a+") do filling[word] = true end

local negating = { ["not"] = true, no = true }
local chain = {}

local function extended(base, key)
  local next_chain = { negated = rawget(base, "negated"), spy = rawget(base, "spy"), name = rawget(base, "name") }
  for word in tostring(key):gmatch("[^_]+") do
    word = word:lower()
    if negating[word] then
      next_chain.negated = not next_chain.negated
    elseif not filling[word] then
      next_chain.name = next_chain.name and next_chain.name .. "_" .. word or word
    end
  end
  return setmetatable(next_chain, chain)
end

chain.__index = extended

function chain:__call(...)
  local name = rawget(self, "name")
  local negated, spy = rawget(self, "negated"), rawget(self, "spy")
  if not spy and (name == "spy" or name == "stub") then
    return setmetatable({ spy = (...), negated = negated }, chain)
  end
  local assertion = assertions[aliases[name] or name]
  if not assertion then error("there is no assertion `" .. tostring(name) .. "`", 2) end
  local args = table.pack(...)
  local holds, expected, actual = assertion(args, spy)
  if (not holds) == (not negated) then
    if negated then expected = "not " .. expected end
    local own = message_at[name] and args[message_at[name]]
    local problem = "expected " .. expected .. (actual and ", got " .. actual or "")
    fail(type(own) == "string" and own .. ": " .. problem or problem)
  end
  return ...
end

local assert = setmetatable({}, {
  __call = function(_, value, message, ...)
    if value then return value, message, ... end
    if message == nil then message = "assertion failed!" end
    if type(message) == "string" then fail(message) end
    return plain_assert(value, message, ...)
  end,
  __index = function(_, key) return extended({}, key) end,
})

local anything = setmetatable({ accepts = function() return true end }, matcher)

local match = setmetatable({ _ = anything }, {
  __index = function(_, key)
    local wanted = extended({}, key)
    return function(...)
      local given = table.pack(...)
      local name = rawget(wanted, "name")
      local assertion = assertions[aliases[name] or name]
      if not assertion then error("there is no matcher `" .. tostring(name) .. "`", 2) end
      return setmetatable({
        accepts = function(value)
          local args = table.pack(table.unpack(given, 1, given.n))
          local is_last = name == "match" or name == "equal" or name == "same"
          table.insert(args, is_last and given.n + 1 or 1, value)
          args.n = given.n + 1
          return (not assertion(args)) == (not not rawget(wanted, "negated"))
        end,
      }, matcher)
    end
  end,
})
matcher.__tostring = function() return "a match" end

return assert, match, same_lists, words
