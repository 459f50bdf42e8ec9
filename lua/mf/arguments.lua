-- Tells of arguments that go when a listener uses them. Only listeners of hooks that have such arguments are wrapped.
--
-- Gets a function `tell(name, place)` and a set of names; returns a function that wraps a listener.
local tell, names = ...
local getinfo, getmetatable, next, rawget, rawset, setmetatable, type =
  debug.getinfo, getmetatable, next, rawget, rawset, setmetatable, type

local function used(name)
  -- 1 is this function, 2 the metamethod, 3 what uses the argument.
  local where = getinfo(3, "Sl")
  local file = where and where.source:match("^@(.*)")
  tell(name, file and where.currentline > 0 and file .. ":" .. where.currentline or nil)
end

return function(listener)
  return function(args)
    -- Arguments of an observer are no table.
    if type(args) ~= "table" or getmetatable(args) ~= nil then return listener(args) end
    local values = {}
    for name in next, names do
      values[name] = rawget(args, name)
      rawset(args, name, nil)
    end
    local _ <close> = setmetatable({}, {
      __close = function()
        setmetatable(args, nil)
        for name in next, names do rawset(args, name, values[name]) end
      end,
    })
    setmetatable(args, {
      __index = function(_, name)
        if not names[name] then return nil end
        used(name)
        return values[name]
      end,
      __newindex = function(_, name, value)
        if not names[name] then return rawset(args, name, value) end
        used(name)
        values[name] = value
      end,
      -- Whoever copies the arguments uses none of them.
      __pairs = function()
        local all = {}
        for name, value in next, args do all[name] = value end
        for name, value in next, values do all[name] = value end
        return next, all
      end,
    })
    return listener(args)
  end
end
