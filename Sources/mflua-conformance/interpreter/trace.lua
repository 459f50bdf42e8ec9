-- The lines a scenario writes.

local json = require("conformance.json")
local session = require("conformance.session")

local trace = {}
local collecting

--- Writes a line, or keeps it while lines are being collected.
function trace.write(line)
  if collecting then
    collecting[#collecting + 1] = line
  else
    session.native.write(json.encode(line))
  end
end

--- From here on lines are kept, because their order means nothing.
function trace.collect()
  collecting = json.list({})
end

--- Ends the collection and writes what was kept as one line.
function trace.write_collected(step)
  local lines = collecting
  collecting = nil
  trace.write { step = step, unordered = lines }
end

return trace
