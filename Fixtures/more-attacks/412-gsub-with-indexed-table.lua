-- attack 412: gsub-with-indexed-table
-- expect: stopped
local depth = 0
local t = setmetatable({}, { __index = function(self, key)
  depth = depth + 1
  if depth < 100 then return (key .. key):gsub(".", self) end
  depth = 0
  return key
end })
while true do pcall(string.gsub, ("ab"):rep(50), ".", t) end
