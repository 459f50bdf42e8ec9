-- attack 446: smallest-keys
-- expect: contained
local function f() return "called" end return { [math.mininteger] = f, [math.maxinteger] = f, [0] = f, [-1] = f }
