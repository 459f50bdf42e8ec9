-- attack 114: load-endless-reader
-- expect: stopped|refused
load(function() return ' ' end) while true do load(function() return 'x' end) end
