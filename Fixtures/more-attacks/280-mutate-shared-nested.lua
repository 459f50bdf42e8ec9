-- attack 280: mutate-shared-nested
-- expect: refused|contained
local config = require("mf").loadShare("config")() for _, w in ipairs { function() config.level = "pwned" end, function() rawset(config, "level", "pwned") end, function() table.insert(config, 1) end, function() setmetatable(config, { __index = { level = "pwned" } }) end, function() config.level = nil end, function() for k, v in pairs(config) do config[k] = "pwned" end end, function() next(config) end, function() table.move({ "pwned" }, 1, 1, 1, config) end, function() local mt = getmetatable(config) mt.__index = {} end, function() debug.setmetatable(config, nil) end, function() table.sort(config, function() config.x = 1 end) end } do pcall(w) end
if config.level ~= "info" then return "ESCAPED" end return "done"
