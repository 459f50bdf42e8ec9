-- attack 337: ephemeron-zigzag
-- expect: stopped|refused|contained
local n, eph, mt = 40000, {}, {} setmetatable(eph, mt)
for i = 1, n do eph[{}] = true end
local order = {} for k in next, eph do order[#order + 1] = k end
local lo, hi, path = 1, n, {}
while lo <= hi do path[#path + 1] = order[hi] hi = hi - 1 if lo <= hi then path[#path + 1] = order[lo] lo = lo + 1 end end
for i = 1, n - 1 do eph[path[i]] = path[i + 1] end
local first = path[1] order, path = nil, nil mt["__mo" .. "de"] = "k" collectgarbage() return "done"
