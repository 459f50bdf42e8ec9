-- attack 204: coroutine-chain-endless
-- expect: stopped|refused
local function chain() local co = coroutine.wrap(function() coroutine.yield() chain() end) co() co() end
while true do pcall(chain) end
