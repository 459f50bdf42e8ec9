-- attack 423: utf8-lax
-- expect: stopped|refused
local s = ("\xFD\xBF\xBF\xBF\xBF\xBF"):rep(100000)
assert(utf8.len(s, 1, -1, true) == 100000 and not utf8.len(s))
assert(utf8.codepoint(s, 1, 1, true) == 0x7FFFFFFF)
while true do
  pcall(utf8.len, s, 1, -1, true)
  pcall(utf8.offset, s, -90000)
  for _ in utf8.codes(s, true) do end
end
