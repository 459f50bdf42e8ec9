-- Shared packages as a scenario describes them.

local json = require("conformance.json")
local session = require("conformance.session")
local trace = require("conformance.trace")
local values = require("conformance.values")

local shares = {}

local passed_on = { "version", "scope", "strategy", "eager", "deps", "loaded", "shareConfig" }

-- The ways in which a package is provided.
local modes = {}

function modes.lib(share, made)
  made.lib = function() return share.value end
end

function modes.get(share, made)
  made.get = function()
    share.called()
    return function() return share.value end
  end
end

function modes.asyncGet(share, made)
  made.get = function()
    share.called()
    session.mf.sleep(share.delay)
    return function() return share.value end
  end
end

function modes.getThrows(share, made)
  made.get = function()
    share.called()
    session.mf.sleep(share.delay)
    error(share.message, 0)
  end
end

function modes.getNothing(share, made)
  made.get = function()
    share.called()
    session.mf.sleep(share.delay)
    return nil
  end
end

function modes.none() end

--- One version of a package, provided by `owner`.
function shares.one(pkg, written, owner)
  local made = {}
  for _, key in ipairs(passed_on) do
    if written[key] ~= nil then made[key] = values.build(written[key]) end
  end
  for _, key in ipairs { "lib", "get" } do
    if written[key] ~= nil then made[key] = values.build(written[key]) end
  end
  local value
  if written.value ~= nil then
    value = values.build(written.value)
  else
    value = { pkg = pkg, version = made.version, by = owner }
  end
  local provide = modes[written.mode or "lib"] or error(("unknown mode `%s`"):format(tostring(written.mode)), 0)
  provide({
    value = value,
    delay = written.delay or 0,
    message = written.message or "share get failed",
    called = function()
      trace.write { share = ("%s@%s"):format(pkg, made.version or "undefined"), of = owner, call = "get" }
    end,
  }, made)
  return made
end

--- Visits every version of every package, in the order they were written.
function shares.each(written, visit)
  for pkg, list in json.each(written) do
    if json.is_list(list) then
      for _, share in ipairs(list) do visit(pkg, share) end
    else
      visit(pkg, list)
    end
  end
end

--- What goes into a host's `shared` option.
function shares.all(written, owner)
  local made = {}
  for pkg, list in json.each(written) do
    if json.is_list(list) then
      made[pkg] = {}
      for index, share in ipairs(list) do made[pkg][index] = shares.one(pkg, share, owner) end
    else
      made[pkg] = shares.one(pkg, list, owner)
    end
  end
  return values.ordered(made, json.keys(written))
end

return shares
