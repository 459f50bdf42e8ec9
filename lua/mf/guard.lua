-- Ends Lua code that runs for too long while a plugin is loaded: returns `begin(seconds)` and `finish()`.
local clock, sethook, error, string_format = os.clock, debug.sethook, error, string.format

local function begin(seconds)
  local deadline = clock() + seconds
  sethook(function()
    if clock() > deadline then error(string_format("still running after %g s", seconds), 2) end
  end, "", 100000)
end

local function finish()
  sethook()
end

return begin, finish
