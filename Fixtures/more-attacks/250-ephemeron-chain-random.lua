-- attack 250: ephemeron-chain-random
-- expect: stopped|refused|contained
local n = 60000 local keys = {} for i = 1, n do keys[i] = {} end
local eph = setmetatable({}, { __mode = "k" }) local first = keys[1]
for i = 1, n - 1 do eph[keys[i]] = keys[i + 1] end keys = nil
collectgarbage() return "done"
