-- attack 404: spawned-arguments
-- expect: stopped
-- What waits to begin is held by Swift with its arguments.
local mf, s = require("mf"), ("x"):rep(900000)
for round = 1, 1000 do
  for i = 1, 60 do mf.spawn(function(...) mf.sleep(1e5) return select("#", ...) end, s .. i) end
  mf.sleep(0)
end
