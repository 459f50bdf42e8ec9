-- attack 275: rawset-on-libraries
-- expect: refused|contained
for n, l in pairs(_G) do if type(l) == "table" then pcall(rawset, l, "upper", 1) pcall(table.insert, l, 1) pcall(table.sort, l) pcall(table.move, { 1 }, 1, 1, 1, l) pcall(table.remove, l) pcall(setmetatable, l, {}) pcall(function() for k in pairs(l) do l[k] = nil end end) end end
for k in pairs(_G) do pcall(function() _G[k] = nil end) pcall(rawset, _G, k, nil) end return "done"
