-- attack 427: numbers-at-the-edge
-- expect: stopped
for i = math.maxinteger - 1, math.maxinteger do end
for i = math.mininteger, math.mininteger + 1 do end
pcall(load("for i = 1, 10, 0 do end"))
if pcall(string.rep, "x", math.maxinteger) then return "ESCAPED" end
pcall(table.move, {}, math.mininteger, math.maxinteger, 2)
pcall(string.sub, "x", math.mininteger, math.maxinteger)
pcall(utf8.char, math.maxinteger)
for i = 1.0, 1 / 0 do end
