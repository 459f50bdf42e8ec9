--- The demo: an ops agent whose checks belong to other teams and are loaded when it starts.
--
--   mflua serve --port 3006 Fixtures/remotes      (the teams' servers)
--   mflua Fixtures/hosts/ops-agent/host.lua       (this host)
--
-- REMOTES names another server, TRACE=debug shows every hook, TRACE=off none.

local folder = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = folder .. "/?.lua;" .. package.path

local mf = require("mf")
local console = require("console")
local units = require("units")

local server = os.getenv("REMOTES") or "http://127.0.0.1:3006"
local trace = os.getenv("TRACE") or "info"

local plugins = {
    -- A remote that is down must not take the report with it.
    require("mf.plugins.fallback") {
        modules = { ["billing/*"] = { summary = function() return nil, "the billing remote is down" end } },
        log = false,
    },
}
if trace ~= "off" then
    table.insert(plugins, 1, require("mf.plugins.trace") { level = trace, color = console.color })
end

mf.init {
    name = "ops-agent",
    remotes = {
        { name = "disk", entry = server .. "/disk/mf-manifest.json" },   -- by the storage team
        { name = "logs", entry = server .. "/logs/mf-manifest.json" },   -- by the logging team
        { name = "billing", entry = "http://127.0.0.1:9/mf-manifest.json" }, -- nobody listens there
    },
    shared = {
        -- The host's way to write numbers: every team's report looks the same.
        units = {
            version = "1.2.0",
            lib = function() return units end,
            shareConfig = { singleton = true, requiredVersion = "^1.0.0" },
        },
    },
    plugins = plugins,
}

local function filesystems()
    local usage = mf.loadRemote("disk/usage")
    local rows = {}
    for _, fs in ipairs(usage.list()) do
        rows[#rows + 1] = {
            fs.mount, units.bytes(fs.size), units.bytes(fs.free), units.bar(fs.share, 20), units.percent(fs.share),
            level = fs.share >= 0.95 and "bad" or fs.share >= 0.8 and "warn" or "good",
        }
    end
    return "Filesystems", { "mounted on", "size", "free", "used", "" }, rows
end

local function devices()
    local io = mf.loadRemote("disk/io")
    local rows = {}
    for _, device in ipairs(io.list()) do
        rows[#rows + 1] = { device.name, units.bytes(device.read), units.bytes(device.written) }
    end
    return "Disks since boot", { "device", "read", "written" }, rows
end

local function logfiles()
    local recent = mf.loadRemote("logs/recent")
    local rows = {}
    for _, file in ipairs(recent.list { "/var/log/*.log", "/var/log/syslog", "/var/log/apt/*.log" }) do
        rows[#rows + 1] = {
            file.path, file.size, tostring(file.errors), tostring(file.warnings), file.last,
            level = file.errors > 0 and "bad" or file.warnings > 0 and "warn" or "good",
        }
    end
    return "Log files", { "file", "size", "errors", "warnings", "last line" }, rows
end

local function invoices()
    local billing = mf.loadRemote("billing/invoices")
    local summary, reason = billing.summary()
    return "Invoices", { "state" }, { { summary or reason, level = summary and "good" or "warn" } }
end

-- All four at once: each waits for its remote, none for another.
local sections = { filesystems, devices, logfiles, invoices }
local reports, tasks = {}, {}
for position, section in ipairs(sections) do
    tasks[position] = function() reports[position] = table.pack(pcall(section)) end
end
mf.all(tasks)

local failed = false
console.heading(("ops-agent on %s, %s"):format(units.hostname(), os.date("%Y-%m-%d %H:%M")))
for _, report in ipairs(reports) do
    local ok, title, columns, rows = table.unpack(report, 1, 4)
    if ok then
        console.table(title, columns, rows)
    else
        failed = true
        console.failure(title)
    end
end
if failed then os.exit(1) end
