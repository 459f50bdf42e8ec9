-- attack 117: bytecode
-- expect: refused|contained
if string.dump then return 'ESCAPED' end local f = load('\27Lua') if f then return 'ESCAPED' end f = load('\27LuaT\0\x19\x93\r\n\x1a\n', 'x', 'b') if f then return 'ESCAPED' end return 'done'
