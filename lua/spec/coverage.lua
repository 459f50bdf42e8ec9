-- Which lines of a Lua file hold code: read from what the compiler makes of it (the format of Lua 5.4's binary chunks).

local function lines_of(chunk)
  local dump, at, lines = string.dump(chunk), 1, {}

  local function byte()
    at = at + 1
    return dump:byte(at - 1)
  end

  --- A number in groups of seven bits, the last of which is marked.
  local function size()
    local value = 0
    while true do
      local group = byte()
      value = value << 7 | group & 0x7f
      if group & 0x80 ~= 0 then return value end
    end
  end

  local function skip(count) at = at + count end

  local function skip_string() skip(math.max(size() - 1, 0)) end

  local constants = { [0x03] = 8, [0x13] = 8, [0x00] = 0, [0x01] = 0, [0x11] = 0 }

  local function read_function()
    skip_string()
    local line = size()
    size()
    byte()
    local is_vararg = byte() ~= 0
    byte()
    skip(size() * 4)
    for _ = 1, size() do
      local kind = byte()
      if constants[kind] then skip(constants[kind]) else skip_string() end
    end
    skip(size() * 3)
    for _ = 1, size() do read_function() end
    local steps = {}
    for i = 1, size() do steps[i] = string.unpack("b", dump, at + i - 1) end
    skip(#steps)
    local absolute = {}
    for _ = 1, size() do
      local instruction = size()
      absolute[instruction + 1] = size()
    end
    for _ = 1, size() do
      skip_string()
      size()
      size()
    end
    for _ = 1, size() do skip_string() end
    for i, step in ipairs(steps) do
      line = step == -0x80 and absolute[i] or line + step
      -- The first instruction of a function with `...` prepares it, and is on no line.
      if i > 1 or not is_vararg then lines[line] = true end
    end
  end

  -- Signature, version, format, data to check, three sizes, an integer and a number, and how many upvalues there are.
  skip(4 + 1 + 1 + 6 + 3 + 8 + 8 + 1)
  read_function()
  return lines
end

--- The lines of a file that hold code, in order; nil where it does not compile.
return function(path)
  local chunk = loadfile(path, "t")
  if not chunk then return nil end
  local list = {}
  for line in pairs(lines_of(chunk)) do list[#list + 1] = line end
  table.sort(list)
  return list
end
