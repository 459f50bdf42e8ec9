-- attack 408: nested-pcall-to-the-edge
-- expect: stopped
local depth = 0
local function down(n)
  depth = depth + 1
  if n == 0 then while true do depth = depth + 1 end end
  pcall(down, n - 1)
  while true do pcall(down, n) end
end
for n = 150, 200 do pcall(down, n) end
