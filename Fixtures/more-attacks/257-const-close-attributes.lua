-- attack 257: const-close-attributes
-- expect: refused|contained|stopped
for _, s in ipairs { "local _ENV<const> = 1 return x", "local _ENV --[[ ]] <const> = 1 return x", "local _ENV\t<close> = nil return x", "local a <const>, _ENV <const> = 1, 2 return x.y", "local _ENV--\n<const> = 1 x()", "local x <const> = 1 x = 2", "local x <close> = 5", "local x <foo> = 5", "local a<const> = 2^53 return function() return a end" } do local f = load(s) if f then pcall(f) end end return "done"
