-- attack 261: pack-overflow
-- expect: refused|contained|stopped
for _, f in ipairs { "i17", "i0", "!17", "c", "s16", "Xi3", "!3i3", "z", ("b"):rep(1e5), "c" .. math.maxinteger, "i16i16" } do pcall(string.pack, f, 1) pcall(string.pack, f, "x\0") pcall(string.unpack, f, ("x"):rep(100)) pcall(string.unpack, f, "x", math.mininteger) pcall(string.packsize, f) end return "done"
