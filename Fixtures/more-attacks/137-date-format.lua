-- attack 137: date-format
-- expect: refused|contained|stopped
pcall(os.date, ('%c'):rep(1e6)) return #os.date()
