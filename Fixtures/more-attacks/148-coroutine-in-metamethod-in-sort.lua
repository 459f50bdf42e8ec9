-- attack 148: coroutine-in-metamethod-in-sort
-- expect: stopped
local t = setmetatable({}, { __lt = function() return coroutine.wrap(function() while true do end end)() end }) local l = { t, t, t } table.sort(l)
