-- Loads a thousand times from fifty remotes at once, while some of them fail and others are registered anew.
--
-- `stress` is the test's: { base, seed, remotes, loads, registrations }. Remotes whose number divides by five fail now
-- and then. Returns a list of what went wrong, empty when nothing did.

local mf = require("mf")
local stress = require("stress")

math.randomseed(stress.seed)

local wrong, generation, inits, finished = {}, {}, {}, 0

local function complain(text, ...)
  wrong[#wrong + 1] = text:format(...)
end

local function may_fail(number)
  return number % 5 == 0
end

local function declared(number)
  local folder = ("%s/g%d/r%d"):format(stress.base, generation[number], number)
  -- Every other remote is given by its entry alone.
  local file = number % 2 == 0 and "mf-manifest.json" or "remoteEntry.js"
  return { name = "r" .. number, entry = folder .. "/" .. file }
end

local remotes = {}
for number = 1, stress.remotes do
  generation[number] = 0
  remotes[number] = declared(number)
end

local host = mf.init { name = "stress", remotes = remotes }

-- What the entries call.
stress.publish {
  initialised = function(generation_of, number)
    local key = generation_of .. "/" .. number
    inits[key] = (inits[key] or 0) + 1
  end,
}

local allowed = { ["RUNTIME-003"] = true, ["RUNTIME-008"] = true }

local function load_once(number)
  local oldest = generation[number]
  local ok, module = pcall(host.loadRemote, host, ("r%d/x"):format(number))
  local newest = generation[number]
  finished = finished + 1
  if not ok then
    local code = type(module) == "userdata" and module.code or tostring(module)
    if not may_fail(number) then
      complain("load of r%d failed although nothing is wrong with it: %s", number, tostring(module))
    elseif not allowed[code] then
      complain("load of r%d failed with %s", number, code)
    end
  elseif type(module) ~= "table" or module.remote ~= number then
    complain("load of r%d gave the module of another remote", number)
  elseif module.generation < oldest or module.generation > newest then
    complain("load of r%d gave generation %d, not %d to %d", number, module.generation, oldest, newest)
  end
end

local tasks = {}

for _ = 1, stress.loads do
  local number, pause = math.random(stress.remotes), math.random(0, 30)
  tasks[#tasks + 1] = mf.spawn(function()
    mf.sleep(pause)
    load_once(number)
  end)
end

for _ = 1, stress.registrations do
  local number, pause = math.random(stress.remotes), math.random(0, 30)
  tasks[#tasks + 1] = mf.spawn(function()
    mf.sleep(pause)
    generation[number] = generation[number] + 1
    host:registerRemotes({ declared(number) }, { force = true })
  end)
end

for _, task in ipairs(tasks) do task:wait() end

if finished ~= stress.loads then complain("only %d of %d loads ended", finished, stress.loads) end
for key, count in pairs(inits) do
  if count ~= 1 then complain("container %s was initialised %d times", key, count) end
end

-- Whatever failed before: a remote that works now is loaded now.
stress.calm()
for number = 1, stress.remotes do
  local ok, module = pcall(host.loadRemote, host, ("r%d/x"):format(number))
  if not ok then
    complain("r%d cannot be loaded although all is well again: %s", number, tostring(module))
  elseif module.generation ~= generation[number] then
    complain("r%d is at generation %d, not %d", number, module.generation, generation[number])
  end
end

return wrong
