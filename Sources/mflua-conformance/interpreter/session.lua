-- What all parts of the interpreter share while one scenario runs.
--
-- `native` is what the program gives: the server's control and the sink of the trace. Everything else goes through
-- the public Lua API, `mf`.

local session = {
  mf = require("mf"),
  native = nil,     -- { base, write(line), set_served(name, json), manifest(key) -> json }
  scenario = nil,   -- the scenario, as read
  hosts = {},       -- handle -> host
  order = {},       -- handles in the order their hosts were first initialised
}

--- Text with the server's address replaced by `$BASE`.
function session.hide(text)
  local base = session.native.base
  local parts, from = {}, 1
  while true do
    local start, stop = text:find(base, from, true)
    if not start then break end
    parts[#parts + 1] = text:sub(from, start - 1) .. "$BASE"
    from = stop + 1
  end
  if from == 1 then return text end
  parts[#parts + 1] = text:sub(from)
  return table.concat(parts)
end

--- The host of a handle, or the first one initialised.
function session.host(handle)
  if handle == nil then handle = session.order[1] end
  local host = handle ~= nil and session.hosts[handle]
  if not host then error(("no host has the handle `%s`"):format(tostring(handle)), 0) end
  return host
end

--- The handle under which a host is known already.
function session.handle_of(host)
  for _, handle in ipairs(session.order) do
    if rawequal(session.hosts[handle], host) then return handle end
  end
end

--- Keeps a host under a handle.
function session.keep(handle, host)
  if session.hosts[handle] == nil then session.order[#session.order + 1] = handle end
  session.hosts[handle] = host
end

return session
