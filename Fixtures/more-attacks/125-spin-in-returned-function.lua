-- attack 125: spin-in-returned-function
-- expect: stopped
return function() while true do pcall(function() while true do end end) end end
