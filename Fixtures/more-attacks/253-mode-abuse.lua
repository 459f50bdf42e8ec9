-- attack 253: mode-abuse
-- expect: refused|contained|stopped
local t = setmetatable({}, { __mode = 5 }) pcall(setmetatable, {}, { __mode = ("k"):rep(1e6) }) for i = 1, 1e4 do t[{}] = {} end local m = { __mode = "v" } local w = setmetatable({}, m) for i = 1, 1e4 do w[i] = {} m.__mode = i % 2 == 0 and "k" or "v" end collectgarbage() return "done"
