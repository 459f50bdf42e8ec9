-- attack 254: string-dump-and-debug
-- expect: refused|contained
if string.dump or debug.getinfo or debug.getregistry or debug.setmetatable or debug.sethook then return "ESCAPED" end for _, n in ipairs { "package", "io", "ffi", "jit", "bit32" } do if rawget(_G, n) or _G[n] then return "ESCAPED " .. n end local ok, m = pcall(require, n) if ok and m then return "ESCAPED " .. n end end return "done"
