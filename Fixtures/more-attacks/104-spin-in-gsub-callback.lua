-- attack 104: spin-in-gsub-callback
-- expect: stopped
(('a'):rep(100)):gsub('.', function() while true do pcall(function() while true do end end) end end)
return 'ESCAPED'
