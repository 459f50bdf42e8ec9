-- `spy`, `stub` and `mock` of specs, and `assert:snapshot()`, with luassert's words.
local same_lists = ...

local replaced = {} -- { table, key, before, spy }, the oldest first

local spy = {}
local methods = {}
local spy_metatable = { __index = methods }

function spy_metatable:__call(...)
  local call = { vals = table.pack(...) }
  self.calls[#self.calls + 1] = call
  call.returned = table.pack(self.target(...))
  return table.unpack(call.returned, 1, call.returned.n)
end

function methods:clear()
  self.calls = {}
  return self
end

function methods:called(count)
  if count == nil then return #self.calls > 0 end
  return #self.calls == count
end

function methods:called_with(...)
  local expected = table.pack(...)
  for _, call in ipairs(self.calls) do
    if same_lists(expected, call.vals) then return true end
  end
  return false
end

function methods:revert()
  for i = #replaced, 1, -1 do
    local entry = replaced[i]
    if entry.spy == self then
      rawset(entry.table, entry.key, entry.before)
      table.remove(replaced, i)
    end
  end
  return self.original
end

local function new(target)
  local mt = getmetatable(target)
  if type(target) ~= "function" and not (mt and mt.__call) then
    error("bad argument #1 to 'spy' (function expected, got " .. type(target) .. ")", 3)
  end
  return setmetatable({ calls = {}, target = target, original = target }, spy_metatable)
end

local function put(owner, key, made)
  replaced[#replaced + 1] = { table = owner, key = key, before = rawget(owner, key), spy = made }
  rawset(owner, key, made)
  return made
end

function spy.new(target) return new(target) end
function spy.on(owner, key) return put(owner, key, new(owner[key])) end
function spy.is_spy(value) return getmetatable(value) == spy_metatable end
setmetatable(spy, { __call = function(_, target) return new(target) end })

local stub = {}

local function new_stub(owner, key, ...)
  local returns = table.pack(...)
  local default = function() return table.unpack(returns, 1, returns.n) end
  local special = {} -- { arguments, function }
  local made = new(function(...)
    local given = table.pack(...)
    for _, entry in ipairs(special) do
      if same_lists(entry.args, given) then return entry.answer(...) end
    end
    return default(...)
  end)

  local function answers(set)
    return {
      returns = function(...)
        local values = table.pack(...)
        set(function() return table.unpack(values, 1, values.n) end)
        return made
      end,
      invokes = function(f)
        set(function(...) return f(...) end)
        return made
      end,
    }
  end

  made.by_default = answers(function(f) default = f end)
  made.returns, made.invokes = made.by_default.returns, made.by_default.invokes
  made.on_call_with = function(...)
    local args = table.pack(...)
    return answers(function(f) table.insert(special, 1, { args = args, answer = f }) end)
  end
  if not owner then return made end
  made.original = owner[key]
  return put(owner, key, made)
end

function stub.new(owner, key, ...) return new_stub(owner, key, ...) end
setmetatable(stub, { __call = function(_, ...) return new_stub(...) end })

--- Replaces all functions of a table, and of the tables in it, by spies or stubs.
local function replace_all(owner, seen, stubs, ...)
  if seen[owner] then return owner end
  seen[owner] = true
  for key, value in pairs(owner) do
    if type(value) == "table" and not spy.is_spy(value) then
      replace_all(value, seen, stubs, ...)
    elseif type(value) == "function" then
      if stubs then new_stub(owner, key, ...) else spy.on(owner, key) end
    end
  end
  return owner
end

local function mock(owner, ...) return replace_all(owner, {}, ...) end

--- Notes what is replaced now: `snapshot:revert()` takes back what has been replaced since.
local function snapshot()
  local mark = #replaced
  return {
    revert = function()
      for i = #replaced, mark + 1, -1 do
        rawset(replaced[i].table, replaced[i].key, replaced[i].before)
        replaced[i] = nil
      end
    end,
  }
end

return spy, stub, mock, snapshot
