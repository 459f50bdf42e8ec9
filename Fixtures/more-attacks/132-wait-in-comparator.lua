-- attack 132: wait-in-comparator
-- expect: refused
local mf = require('mf') table.sort({ 3, 2, 1 }, function() mf.sleep(1) end)
