-- attack 138: metatable-of-library
-- expect: refused|contained
for _, l in ipairs { string, table, math, coroutine, require('mf') } do local mt = getmetatable(l) if type(mt) == 'table' then return 'ESCAPED' end end local g = getmetatable(_G) return 'done'
