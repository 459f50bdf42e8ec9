-- attack 118: addresses
-- expect: refused|contained
for _, v in ipairs { {}, print or type, coroutine.create(type), string } do if tostring(v):find('0x') or tostring(v):find('%x%x%x%x%x%x%x') then return 'ESCAPED ' .. tostring(v) end local ok, s = pcall(string.format, '%p', v) if ok and s:find('0x') then return 'ESCAPED' end local ok, s = pcall(string.format, '%s', v) if ok and s:find('0x') then return 'ESCAPED' end end
local a, b = math.randomseed() if a then return 'ESCAPED' end return 'done'
