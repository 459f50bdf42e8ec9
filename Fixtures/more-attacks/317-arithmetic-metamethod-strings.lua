-- attack 317: arithmetic-metamethod-strings
-- expect: stopped|refused|contained
local s = ("9"):rep(7e6) while true do local x = pcall(function() return s + 1 end) local y = tonumber(s) local z = s < s .. "1" end
