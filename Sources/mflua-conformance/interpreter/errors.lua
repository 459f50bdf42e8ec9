-- Errors as a trace shows them: by code where there is one, else by the message in its shortest form.

local kinds = require("conformance.kinds")
local session = require("conformance.session")

local errors = {}

-- How a trace shows the errors that are known by another code than Module Federation's.
local by_code = {
  ["HOOK-002"] = function(context)
    if context.hook then return "bad hook value: " .. context.hook end
    if context.request then return "no remote or expose: " .. context.request end
  end,
  ["HOOK-003"] = function(context) return "bad hook data: " .. tostring(context.hook) end,
  ["HOOK-005"] = function() return "plugin without a name" end,
  ["HOOK-006"] = function() return "plugin invalid" end,
  ["HOOK-007"] = function() return "plugin invalid" end,
  ["LUA-011"] = function() return "syntax error" end,
}

-- How a trace shows the errors that are known by what they are about.
local function by_context(context)
  if context.alias and context.remote then
    return ("alias %s of %s not allowed"):format(context.alias, context.remote)
  end
  if context.missing and context.remote then
    return ("invalid manifest of %s: missing %s"):format(context.remote, context.missing)
  end
  if context.requirement and context.version then
    return ("shared singleton %s %s from %s does not satisfy %s of %s"):format(
      context.package, context.version, context.from, context.requirement, context.consumer)
  end
end

local function context_of(err)
  local context, result = kinds.field(err, "context"), {}
  if type(context) == "table" or type(context) == "userdata" then
    for key, value in pairs(context) do result[key] = value end
  end
  return result
end

--- The text E of FORMAT for anything that was raised.
function errors.text(err)
  if type(err) == "string" then return session.hide(err) end
  local code = kinds.field(err, "code")
  if type(code) == "string" then
    if code:find("^RUNTIME%-") then return code end
    local context = context_of(err)
    local text = by_code[code] and by_code[code](context) or by_context(context)
    if text then return session.hide(text) end
    if code:find("^FETCH%-") then
      return context.status and "HTTP status " .. tostring(context.status) or "network error"
    end
    if code == "LUA-001" then return "syntax error" end
  end
  local message = kinds.field(err, "message")
  message = tostring(message == nil and err or message)
  return session.hide(message:match('^(Cannot get shared ".-" from ".-"):') or message)
end

--- An error as a value of a trace.
function errors.view(err)
  if err == nil then return nil end
  if type(err) == "boolean" or type(err) == "number" then return err end
  return "<error " .. errors.text(err) .. ">"
end

return errors
