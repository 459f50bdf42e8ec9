-- `require`, written in Lua so that a module can wait while it loads: its loader runs in the coroutine that asked.
-- Two coroutines that ask for one module run it once; the second waits for the first.
--
-- Called with the environment to put it into, with functions of Swift: close(name), closed(gate), wait(gate),
-- open(gate), task(), missing(name, tried), cycle(chain), and with the table `package`, which the environment may have.
local environment, native, package = ...
package = package or environment.package
local error, ipairs, type = error, ipairs, type
local setmetatable = setmetatable
local concat, insert, tostring = table.concat, table.insert, tostring

-- name -> { gate, task, inside } for modules that are being loaded
local loading = {}
-- task -> name of the module it is loading innermost
local innermost = {}

local function quoted(names)
  for i, name in ipairs(names) do names[i] = "`" .. name .. "`" end
  return concat(names, " -> ")
end

--- The modules that a task is loading, from `name` in to the innermost, and `name` again.
local function own_cycle(name, task)
  local chain, at = { name }, innermost[task]
  while at and at ~= name and loading[at] do
    insert(chain, 1, at)
    at = loading[at].inside
  end
  insert(chain, 1, name)
  return quoted(chain)
end

--- Finds the loader of a module: the loader and what it is called with.
local function search(name)
  local searchers = package.searchers
  if type(searchers) ~= "table" then error("'package.searchers' must be a table", 3) end
  local tried = {}
  for _, searcher in ipairs(searchers) do
    local loader, extra = searcher(name)
    if type(loader) == "function" then return loader, extra end
    if type(loader) == "string" then
      if loader:sub(1, 1) ~= "\n" then loader = "\n\t" .. loader end
      tried[#tried + 1] = loader
    end
  end
  error(native.missing(name, concat(tried)), 0)
end

-- Ends the loading of a module, however it ends. It is a variable's `__close`, and not what follows a `pcall`, so that
-- the traceback of an error leads through those who required the module.
local loaded = {
  __close = function(record)
    -- The gate of a task that was dropped may have been opened for it, and another loads the module.
    if loading[record.name] == record then loading[record.name] = nil end
    innermost[record.task] = record.inside
    native.open(record.gate)
  end,
}

local function load(name, task)
  local record <close> = setmetatable(
    { name = name, gate = native.close(name), task = task, inside = innermost[task] }, loaded)
  loading[name] = record
  innermost[task] = name
  local loader, extra = search(name)
  local value = loader(name, extra)
  if value ~= nil then package.loaded[name] = value end
  if package.loaded[name] == nil then package.loaded[name] = true end
  return package.loaded[name], extra
end

--- Returns the module `name`, loading it at the first call. Beside it: what its searcher found it by.
function environment.require(name)
  if type(name) == "number" then name = tostring(name) end
  if type(name) ~= "string" then
    error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2)
  end
  local task = native.task()
  while true do
    local value = package.loaded[name]
    -- As in lua5.4, a module that is false is loaded again.
    if value then return value end
    local record = loading[name]
    -- Opened without a module: the task that was loading it has been dropped.
    if not record or not native.closed(record.gate) then return load(name, task) end
    -- Circles of several tasks are found where they wait.
    if record.task == task then error(native.cycle(own_cycle(name, task)), 0) end
    native.wait(record.gate)
  end
end
