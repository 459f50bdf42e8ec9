-- attack 425: error-in-the-handler-of-an-error
-- expect: stopped
local function handler(problem) return handler .. problem end
local function deeper(problem) xpcall(error, deeper, problem) error(problem) end
local mt = { __tostring = function(v) error(v) end, __name = 5 }
while true do
  xpcall(error, handler, setmetatable({}, mt))
  xpcall(error, deeper, "x")
  xpcall(string.rep, function() string.rep() end)
  xpcall(coroutine.wrap(function() error(setmetatable({}, mt)) end), handler)
end
