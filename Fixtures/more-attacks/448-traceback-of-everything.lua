-- attack 448: traceback-of-everything
-- expect: contained|stopped
local function deep(n) if n > 0 then return (deep(n - 1)) end return debug.traceback("x", math.mininteger) end
if deep(100):find("0x") or next(debug, (next(debug))) then return "ESCAPED" end return "done"
