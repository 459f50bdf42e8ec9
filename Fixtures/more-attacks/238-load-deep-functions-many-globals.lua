-- attack 238: load-deep-functions-many-globals
-- expect: stopped|refused|contained
local p = {} for i = 1, 190 do local l = {} for j = 1, 190 do l[j] = "v" .. j end p[#p + 1] = "local function f() local " .. table.concat(l, ",") .. " " end
p[#p + 1] = ("g()"):rep(200000) p[#p + 1] = (" end"):rep(190) local f, e = load(table.concat(p)) return tostring(e)
