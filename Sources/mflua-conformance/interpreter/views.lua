-- The things Module Federation has names for, as a trace shows them: remotes, options, shares, snapshots.

local json = require("conformance.json")
local project = require("conformance.project")
local values = require("conformance.values")

local views = {}

-- Some fields of a value, projected.
local function picked(value, names)
  local result = {}
  for _, name in ipairs(names) do result[name] = project(value[name]) end
  return result
end

-- Every element of a list through a function.
local function listed(list, view)
  local result = json.list({})
  for index = 1, #list do
    local shown = view(list[index])
    result[index] = shown == nil and json.null or shown
  end
  return result
end

-- Every field of a map through a function.
local function mapped(map, view)
  local result = {}
  for key, field in pairs(map) do result[project(key)] = view(field) end
  return result
end

-- A view that only looks into tables; anything else is projected.
local function of_container(view)
  return function(value, ...)
    if not values.is_container(value) then return project(value) end
    return view(value, ...)
  end
end

local function present(value)
  return value ~= nil and value ~= false
end

local remote_fields = { "name", "alias", "entry", "version", "buildVersion", "shareScope" }

views.remote = of_container(function(remote) return picked(remote, remote_fields) end)

views.remotes = of_container(function(remotes) return listed(remotes, views.remote) end)

--- The versions of each package.
views.versions = of_container(function(shared)
  return mapped(shared, of_container(function(list)
    if list[1] == nil and list.version ~= nil then list = { list } end
    if list[1] == nil and next(values.copy(list)) ~= nil then list = { list } end
    return listed(list, function(share) return project(share.version) end)
  end))
end)

views.plugins = of_container(function(plugins)
  return listed(plugins, of_container(function(plugin) return project(plugin.name) end))
end)

--- The options of a host.
views.options = of_container(function(options)
  local result = picked(options, { "name", "version", "shareStrategy" })
  result.remotes = options.remotes ~= nil and views.remotes(options.remotes) or nil
  result.shared = options.shared ~= nil and views.versions(options.shared) or nil
  result.plugins = options.plugins ~= nil and views.plugins(options.plugins) or nil
  return result
end)

--- One provided version.
views.share = of_container(function(share)
  local result = picked(share, { "version", "from", "scope", "strategy", "eager", "useIn" })
  if share.shareConfig ~= nil then
    result.shareConfig = values.is_container(share.shareConfig)
      and picked(share.shareConfig, { "singleton", "requiredVersion", "strictVersion", "eager" })
      or project(share.shareConfig)
  end
  result.loaded = present(share.loaded)
  result.loading = present(share.loading)
  result.lib = present(share.lib)
  return result
end)

views.shares = of_container(function(shared)
  return mapped(shared, of_container(function(list) return listed(list, views.share) end))
end)

local entry = of_container(function(share)
  return {
    from = project(share.from), useIn = project(share.useIn),
    loaded = present(share.loaded), loading = present(share.loading), lib = present(share.lib),
  }
end)

--- One share scope: package, version, entry.
views.scope = of_container(function(scope)
  return mapped(scope, of_container(function(versions) return mapped(versions, entry) end))
end)

--- All share scopes of a host.
views.scopes = of_container(function(scopes) return mapped(scopes, views.scope) end)

local snapshot_fields = {
  "version", "buildVersion", "remoteEntry", "publicPath", "ssrRemoteEntry", "globalName", "remotesInfo",
}

--- The snapshot of a remote or of a host.
views.snapshot = of_container(function(snapshot)
  local result = picked(snapshot, snapshot_fields)
  if snapshot.modules ~= nil then
    result.modules = listed(snapshot.modules, function(module) return project(module.moduleName) end)
  end
  if snapshot.shared ~= nil then
    result.shared = listed(snapshot.shared, function(shared) return project(shared.sharedName) end)
  end
  return result
end)

--- The global snapshot: what `inspect` shows of it.
views.snapshots = of_container(function(snapshots)
  return mapped(snapshots, function(snapshot) return picked(snapshot, { "version", "remoteEntry", "remotesInfo" }) end)
end)

--- The sorted keys of a map.
views.keys = of_container(function(map)
  local keys = json.list({})
  for key in pairs(map) do keys[#keys + 1] = project(key) end
  table.sort(keys)
  return keys
end)

-- What became of one preloaded resource. An asset that cannot be had is a link whose transfer failed.
local function resource_result(result)
  local shown = picked(project(result), { "url", "status", "resourceType", "initiator", "id", "error" })
  local is_asset = shown.resourceType == "css" or shown.resourceType == "js"
  if is_asset and shown.error and (shown.error:find("HTTP status") or shown.error:find("network error")) then
    shown.error = "<error link network error>"
  end
  return shown
end

--- The preload results, by id.
views.results = of_container(function(results)
  local list = listed(results, function(result)
    local remote = result.remote
    return {
      remote = values.is_container(remote) and project(remote.name) or project(remote),
      id = project(result.id),
      results = listed(result.results or {}, resource_result),
    }
  end)
  table.sort(list, function(a, b) return tostring(a.id) < tostring(b.id) end)
  return list
end)

views.preload_options = of_container(function(options)
  local remote = options.remote
  return {
    remote = values.is_container(remote) and project(remote.name) or project(remote),
    preloadConfig = project(options.preloadConfig),
  }
end)

return views
