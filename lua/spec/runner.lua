-- Runs a file of specs with busted's words.
--
-- Called with `native`: parts, tell(kind, name, message, milliseconds), now(), mark() and revert(mark) around what a
-- test begins, `file`, its path, and `filter`, a Lua pattern or nil.
-- Returns a function that runs a chunk.
local native = ...

local xpcall, error, type, ipairs, pairs, next, rawset = xpcall, error, type, ipairs, pairs, next, rawset
local traceback, getinfo = debug.traceback, debug.getinfo

-- ---- Failures ----

local failure = {} -- the metatable of what a failed assertion raises
failure.__tostring = function(self) return self.message end
local pending_mark = {} -- that of what `pending` raises inside a test

--- Whether a chunk is part of the runner.
local function is_own(source) return source:find("^=mflua test") ~= nil end

--- The place of the innermost line of a spec.
local function place()
  for level = 3, 60 do
    local info = getinfo(level, "Sl")
    if not info then return nil end
    if info.currentline > 0 and not is_own(info.source) then return info.short_src .. ":" .. info.currentline end
  end
end

local function fail(message) error(setmetatable({ message = message, place = place() }, failure), 0) end

local assert, match, same_lists, in_words = native.parts.assertions(fail)
local spy, stub, mock, snapshot = native.parts.spies(same_lists)
rawset(assert, "snapshot", snapshot)

--- What is told of an error: its text, with the place where it is not part of it, and the way to it where it was not an
--- assertion that failed.
local function describe_error(raised)
  local mt = getmetatable(raised)
  if mt == failure then return { text = (raised.place and raised.place .. ": " or "") .. raised.message } end
  if mt == pending_mark then return { pending = raised.message } end
  local lines = {}
  for line in traceback("", 2):gmatch("[^\n]+") do
    if not line:find("mflua test", 1, true) and not line:find("^%s*%[C%]") and not line:find("^stack traceback") then
      lines[#lines + 1] = line
    end
  end
  local text = tostring(raised)
  if type(raised) == "table" and not (mt and mt.__tostring) then text = "raised " .. in_words(raised) end
  return { text = text .. (#lines > 0 and "\n" .. table.concat(lines, "\n") or "") }
end

local function try(f, ...) return xpcall(f, describe_error, ...) end

-- ---- Blocks ----

local current -- the block whose function runs
local finalizers -- of the test that runs

local function block(kind, name, body)
  return {
    kind = kind, name = name, body = body, children = {}, before_each = {}, after_each = {}, setup = {}, teardown = {},
    parent = current,
  }
end

local function full_name(node)
  local names = {}
  while node and node.name do
    table.insert(names, 1, node.name)
    node = node.parent
  end
  return table.concat(names, " ")
end

--- The same for reports: what stands in no block is the file's.
local function told_name(node) return node.name and full_name(node) or native.file end

local function check_name(word, name, body)
  if type(name) ~= "string" then
    error("bad argument #1 to '" .. word .. "' (string expected, got " .. type(name) .. ")", 3)
  end
  if body ~= nil and type(body) ~= "function" then
    error("bad argument #2 to '" .. word .. "' (function expected, got " .. type(body) .. ")", 3)
  end
  if not current then error("`" .. word .. "` was called inside of a test", 3) end
end

local words = {}

for _, word in ipairs { "describe", "context", "insulate", "expose" } do
  words[word] = function(name, body)
    if type(name) == "function" then name, body = word, name end
    check_name(word, name, body)
    table.insert(current.children, block(word == "insulate" and "insulate" or "describe", name, body))
  end
end

for _, word in ipairs { "it", "spec", "test" } do
  words[word] = function(name, body)
    check_name(word, name, body)
    table.insert(current.children, { kind = body and "it" or "pending", name = name, body = body, parent = current })
  end
end

function words.pending(name, body)
  if not current then error(setmetatable({ message = name or "pending" }, pending_mark), 0) end
  check_name("pending", name, body)
  table.insert(current.children, { kind = "pending", name = name, parent = current })
end

for word, list in pairs {
  before_each = "before_each", after_each = "after_each", setup = "setup", lazy_setup = "setup",
  strict_setup = "setup", teardown = "teardown", lazy_teardown = "teardown", strict_teardown = "teardown",
} do
  words[word] = function(body)
    if type(body) ~= "function" then
      error("bad argument #1 to '" .. word .. "' (function expected, got " .. type(body) .. ")", 2)
    end
    if not current then error("`" .. word .. "` was called inside of a test", 2) end
    table.insert(current[list], body)
  end
end

function words.finally(body)
  if not finalizers then error("`finally` was called outside of a test", 2) end
  finalizers[#finalizers + 1] = body
end

words.assert, words.spy, words.stub, words.mock, words.match = assert, spy, stub, mock, match

-- ---- Running ----

local function each_before(node)
  if node.parent then each_before(node.parent) end
  for _, body in ipairs(node.before_each) do body() end
end

local function each_after(node)
  for _, body in ipairs(node.after_each) do body() end
  if node.parent then each_after(node.parent) end
end

local function run_test(node)
  local name = full_name(node)
  if native.filter and not name:find(native.filter) then return end
  if node.kind == "pending" then return native.tell("pending", name) end
  local start, begun, outer = native.now(), native.mark(), current
  current, finalizers = nil, {}
  local ok, problem = try(function()
    each_before(node.parent)
    node.body()
  end)
  local own = finalizers
  finalizers = nil
  for _, body in ipairs(own) do
    local done, trouble = try(body)
    if ok and not done then ok, problem = false, trouble end
  end
  local done, trouble = try(each_after, node.parent)
  if ok and not done then ok, problem = false, trouble end
  native.revert(begun)
  current = outer
  local time = native.now() - start
  if ok then return native.tell("passed", name, nil, time) end
  if problem.pending then return native.tell("pending", name, problem.pending, time) end
  native.tell("failed", name, problem.text, time)
end

local function has_tests(node)
  for _, child in ipairs(node.children) do
    if child.kind == "it" and (not native.filter or full_name(child):find(native.filter)) then return true end
    if child.body and child.children then return true end
  end
  return false
end

local run_block

local function run_children(node)
  for _, child in ipairs(node.children) do
    if child.children then run_block(child) else run_test(child) end
  end
end

--- What a block that is insulated may change.
local function saved()
  local globals, loaded = {}, {}
  for key, value in next, _G do globals[key] = value end
  for key, value in next, package.loaded do loaded[key] = value end
  return function()
    for key in next, _G do
      if globals[key] == nil then rawset(_G, key, nil) end
    end
    for key, value in next, globals do rawset(_G, key, value) end
    for key in next, package.loaded do
      if loaded[key] == nil then package.loaded[key] = nil end
    end
  end
end

function run_block(node)
  local restore = node.kind == "insulate" and saved()
  local begun, outer = native.mark(), current
  current = node
  local ok, problem = try(node.body or function() end)
  current = nil
  if ok and has_tests(node) then
    for _, body in ipairs(node.setup) do
      if ok then ok, problem = try(body) end
    end
    if ok then run_children(node) end
    for _, body in ipairs(node.teardown) do
      local done, trouble = try(body)
      if ok and not done then ok, problem = false, trouble end
    end
  end
  if not ok then
    if problem.pending then
      native.tell("pending", told_name(node), problem.pending)
    else
      native.tell("failed", told_name(node), problem.text)
    end
  end
  native.revert(begun)
  current = outer
  if restore then restore() end
end

for name, word in pairs(words) do _G[name] = word end
for name, module in pairs {
  busted = words, ["busted.runner"] = function() end, luassert = assert, ["luassert.spy"] = spy,
  ["luassert.stub"] = stub, ["luassert.mock"] = mock, ["luassert.match"] = match,
} do
  package.loaded[name] = module
end

--- Runs the tests of a file; `body` is its chunk.
return function(body)
  local root = block("describe", nil, body)
  run_block(root)
end
