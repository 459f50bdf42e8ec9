-- An agent that runs for months: it runs checks every few seconds, takes over plugins as their files change, posts
-- results with retries, keeps its state in a file, and answers /healthz and /metrics. The environment has its settings.
local mf = require("mf")

local folder = arg[0]:match("^(.*)/[^/]*$") or "."
local interval = mf.env.AGENT_INTERVAL or "10s"
local state_file = mf.env.AGENT_STATE or "/var/lib/agent/state.json"
local report_url = mf.env.AGENT_REPORT -- where results are posted; nowhere if absent

local runs = mf.metrics.counter("agent_checks_total", "Checks that were run.", { "check", "result" })
local seconds = mf.metrics.histogram("agent_check_seconds", "How long checks take.", { "check" })
local state = mf.fs.stat(state_file) and mf.json.decode(mf.fs.read(state_file)) or { rounds = 0, results = {} }
local checks = {} -- name -> function, added by the plugins

local function run(name, check)
  local begun = mf.now()
  local ok, result = pcall(check)
  seconds:observe((mf.now() - begun) / 1000, { check = name })
  runs:inc(1, { check = name, result = ok and "ok" or "failed" })
  if not ok then mf.log.warn("check " .. name .. ": " .. tostring(result)) end
  state.results[name] = { ok = ok, detail = tostring(result), at = mf.time() }
end

local function post()
  if not report_url then return end
  for attempt = 1, 3 do
    local ok, answer = pcall(mf.fetch, report_url, { method = "POST", timeout = "5s", body = mf.json.encode(state) })
    if ok and answer.ok then return end
    mf.log.warn("report, attempt " .. attempt .. ": " .. tostring(ok and answer.status or answer))
    mf.sleep(500 * 2 ^ attempt)
  end
end

local function round()
  local running = {}
  for name, check in pairs(checks) do running[#running + 1] = function() run(name, check) end end
  mf.all(running)
  state.rounds = state.rounds + 1
  mf.fs.write(state_file, mf.json.encode(state))
  post()
end

-- A plugin that is loaded anew adds its checks again: the last version of a name counts.
local function add(name, check) checks[name] = check end
local plugins = {}
for _, name in ipairs { "disk", "load", "probe" } do
  plugins[#plugins + 1] = { folder .. "/plugins/" .. name .. "-plugin.lua", { add = add } }
end
mf.init { name = "agent", version = "1.0.0", watch = true, plugins = plugins }

local server = mf.serve { listen = mf.env.AGENT_LISTEN or "127.0.0.1:9101", routes = {
  ["GET /healthz"] = function() return { status = state.rounds > 0 and 200 or 503, body = state } end,
  ["GET /metrics"] = mf.metrics.handler(),
} }
mf.onShutdown(function() mf.fs.write(state_file, mf.json.encode(state)) end, { timeout = "5s" })
mf.every(interval, round, { immediate = true, jitter = "100ms" })
mf.ready("serving at " .. server.url)
print("agent at " .. server.url)
