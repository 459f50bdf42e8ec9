-- attack 224: format-tostring-huge
-- expect: stopped|refused
local t = setmetatable({}, { __tostring = function() return ("x"):rep(4e6) end }) local all = {} while true do all[#all + 1] = ("%s%s"):format(t, t) end
