-- attack 236: load-elseif-chain
-- expect: stopped|refused|contained
local s = "local a if a then " .. ("elseif a then "):rep(70000) .. "end" return #s > 1 and load(s) and "loaded"
