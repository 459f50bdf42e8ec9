-- attack 285: return-odd-keys
-- expect: refused|contained|stopped
return { [1.5] = 1, [true] = 2, [{}] = 3, [print or 1] = 4, [math.huge] = 5, [-0.0] = 6, ["\0\xff"] = 7, [1 << 62] = 8, [-1] = 9 }, 0/0, -0.0, math.huge, math.mininteger
