-- attack 419: many-upvalues
-- expect: stopped|contained
local parts, sum = {}, {}
for i = 1, 190 do parts[i] = "local v" .. i .. " = " .. i sum[i] = "v" .. i end
local f = assert(load(table.concat(parts, "\n") .. "\nreturn function() return function() return " .. table.concat(sum, "+") .. " end end"))
local kept = {}
for i = 1, 2000 do kept[i] = f()() end
return kept[2000]()
