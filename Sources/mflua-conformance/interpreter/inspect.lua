-- The `inspect` step: what there is to look at in a host and in the process.

local json = require("conformance.json")
local project = require("conformance.project")
local session = require("conformance.session")
local values = require("conformance.values")
local views = require("conformance.views")

local looks = {}

function looks.shareScope(host) return views.scopes(host.shareScopeMap) end

function looks.shared(host) return views.shares(host.options.shared) end

function looks.remotes(host) return views.remotes(host.options.remotes) end

function looks.plugins(host) return views.plugins(host.options.plugins) end

function looks.options(host) return views.options(host.options) end

function looks.name(host) return project(host.name) end

function looks.moduleCache(host)
  local result = {}
  for name, module in pairs(host.moduleCache) do
    local info = module.remoteInfo
    result[project(name)] = { inited = module.inited == true, entry = info and project(info.entry) or nil }
  end
  return result
end

function looks.idToRemoteMap(host)
  local result = {}
  for id, remote in pairs(host.remoteHandler.idToRemoteMap) do
    result[project(id)] = { name = project(remote.name), expose = project(remote.expose) }
  end
  return result
end

function looks.snapshot() return views.snapshots(session.mf.getGlobalSnapshot()) end

function looks.instances()
  local names = json.list({})
  for index, instance in ipairs(session.mf.instances()) do names[index] = project(instance.name) end
  return names
end

function looks.globalShareScopes()
  local result = {}
  for key, scopes in pairs(session.mf.globalShareScopes()) do
    result[project(key)] = values.is_container(scopes) and views.scopes(scopes) or project(scopes)
  end
  return result
end

local of_process = { snapshot = true, instances = true, globalShareScopes = true }

--- Looks at `what`; a host is needed for what belongs to one.
local function inspect(what, host_handle, host)
  local look = looks[what] or error(("nothing is called `%s` to look at"):format(tostring(what)), 0)
  if of_process[what] then return look() end
  return look(host or session.host(host_handle))
end

return inspect
