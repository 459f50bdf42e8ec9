-- attack 128: pack-huge
-- expect: stopped|refused|contained
local ok = pcall(string.pack, 'c2000000000', 'x') pcall(string.pack, ('!16 i16'):rep(1e5)) pcall(string.unpack, 'c2000000000', 'x') pcall(string.packsize, ('c2000000000'):rep(9)) return 'done'
