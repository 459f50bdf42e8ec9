-- attack 142: next-over-emptied
-- expect: stopped|contained
local t = {} for i = 1, 2e5 do t['k' .. i] = 1 end for k in pairs(t) do t[k] = nil end for i = 1, 1e7 do next(t) end return 'done'
