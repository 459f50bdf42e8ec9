-- attack 248: index-loop
-- expect: refused|contained|stopped
local a, b = setmetatable({}, {}), setmetatable({}, {}) getmetatable(a).__index = b getmetatable(b).__index = a local ok = pcall(function() return a.x end) getmetatable(a).__newindex = b getmetatable(b).__newindex = a pcall(function() a.x = 1 end) getmetatable(a).__call = a pcall(a) return "done"
