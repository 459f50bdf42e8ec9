-- attack 441: gsub-with-c-replacement
-- expect: stopped
while true do string.gsub(("x"):rep(1e6), "", os.date) end
