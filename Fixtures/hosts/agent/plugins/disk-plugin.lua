-- How full the root file system is, by `df`.
local mf = require("mf")

return function(options)
  options.add("disk", function()
    local df = mf.exec({ "df", "-P", "/" }, { timeout = "5s", check = true })
    return assert(df.stdout:match("(%d+%%)%s+/\n"), "df prints something else") .. " used"
  end)
  return { name = "disk-plugin" }
end
