-- attack 235: load-reader-slow
-- expect: stopped
load(function() while true do end end) return "ESCAPED"
