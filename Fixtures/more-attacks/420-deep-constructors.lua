-- attack 420: deep-constructors
-- expect: refused|contained
local depth = 0
for _, n in ipairs { 100, 190, 199, 1000, 100000 } do
  local f = load("return " .. ("{"):rep(n) .. ("}"):rep(n))
  if f then f() depth = n end
end
if depth > 250 then return "ESCAPED " .. depth end
return depth
