-- attack 332: returned-callable-table
-- expect: refused|contained|stopped
return setmetatable({}, { __call = function() while true do end end })
