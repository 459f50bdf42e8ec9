-- attack 233: sort-c-comparators
-- expect: refused|contained|stopped
local t = {} for i = 1, 2e4 do t[i] = ("x"):rep(200) .. i end for _, f in ipairs { string.find, rawequal, select, math.max, string.rep, pcall, next, load, tostring } do pcall(table.sort, t, f) end return "done"
