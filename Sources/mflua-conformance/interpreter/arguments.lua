-- A hook's argument as a trace shows it: what a field holds depends on its name, and for some on the hook.

local errors = require("conformance.errors")
local kinds = require("conformance.kinds")
local project = require("conformance.project")
local values = require("conformance.values")
local views = require("conformance.views")

-- What a plugin is handed to work with, not to look at; some only by one hook (`retry` is this runtime's addition).
local left_out = { loaderHook = true, globalLoading = true, GlobalFederation = true }
local left_out_of = { fetch = { init = true, retry = true }, loadEntryError = { retry = true } }

local whole_snapshot = {
  loadSnapshot = true, loadRemoteSnapshot = true, afterLoadSnapshot = true, generatePreloadAssets = true,
  handlePreloadModule = true,
}

local fields = {}

fields.remote = views.remote
fields.remoteInfo = views.remote
fields.moduleInfo = views.remote
fields.userOptions = views.options
fields.selectedShared = views.share
fields.shareScopeMap = views.scopes
fields.hostShareScopeMap = views.scopes
fields.shareScope = views.scope
fields.hostGlobalSnapshot = views.snapshot
fields.globalSnapshot = views.keys
fields.preloadOptions = views.preload_options
fields.results = views.results
fields.error = errors.view

function fields.options(options, hook)
  if hook == "beforeInit" or hook == "init" then return views.options(options) end
  if not values.is_container(options) or kinds.of(options) then return project(options) end
  if kinds.field(options, "name") ~= nil then return "<options " .. tostring(options.name) .. ">" end
  local info = kinds.field(options, "remoteInfo")
  if info ~= nil then return { remoteInfo = views.remote(info) } end
  return project(options)
end

function fields.shareInfo(info, hook)
  if hook == "beforeInit" then return views.versions(info) end
  return views.share(info)
end

function fields.shared(shared, hook)
  if hook == "beforeRegisterShare" then return views.share(shared) end
  return views.versions(shared)
end

function fields.remoteEntryExports(exports)
  local name = kinds.container_name(exports)
  if name then return "<container " .. name .. ">" end
  return values.is_container(exports) and "<container>" or project(exports)
end

function fields.remoteSnapshot(snapshot, hook)
  if whole_snapshot[hook] then return views.snapshot(snapshot) end
  return values.is_container(snapshot) and "<snapshot>" or project(snapshot)
end

function fields.manifestJson(manifest)
  if not values.is_container(manifest) then return project(manifest) end
  return "<manifest " .. tostring(manifest.name) .. ">"
end

function fields.remoteEntryInitOptions(options)
  if not values.is_container(options) then return project(options) end
  local shown = values.copy(options)
  shown.shareScopeMap = nil
  return project(shown)
end

function fields.attrs(attributes)
  local shown = project(attributes)
  if type(shown) == "table" and next(shown) == nil then return nil end
  return shown
end

--- The projection of a hook's argument.
local function arguments(args, hook)
  if not values.is_container(args) or kinds.of(args) then return project(args) end
  local result, named = {}, false
  local hidden = left_out_of[hook] or {}
  for key, value in pairs(args) do
    if type(key) ~= "string" then return project(args) end
    named = true
    if not left_out[key] and not hidden[key] then
      local view = fields[key]
      if view then
        result[key] = view(value, hook)
      else
        result[key] = project(value)
      end
    end
  end
  return named and result or {}
end

return arguments
