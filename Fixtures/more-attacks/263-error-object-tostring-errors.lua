-- attack 263: error-object-tostring-errors
-- expect: refused|stopped
error(setmetatable({ message = setmetatable({}, { __index = error }) }, { __tostring = function() error(setmetatable({}, { __tostring = error })) end, __name = ("x"):rep(1e6) }))
