--- What the disks have moved since the machine started.

local M = {}

local sector = 512 -- what /proc/diskstats counts in, whatever the device's own size

--- Whole disks that did something, the busiest first: { name, read, written } in bytes.
function M.list()
    local file = io.open("/proc/diskstats")
    local found = {}
    for line in file and file:lines() or function() end do
        local name, read, written = line:match("^%s*%d+%s+%d+%s+(%S+)%s+%d+%s+%d+%s+(%d+)%s+%d+%s+%d+%s+%d+%s+(%d+)")
        local is_disk = name and not name:find("^loop") and not name:find("^ram") and not name:find("^%a+%d+$")
        if is_disk and tonumber(read) + tonumber(written) > 0 then
            found[#found + 1] = { name = name, read = read * sector, written = written * sector }
        end
    end
    if file then file:close() end
    table.sort(found, function(a, b) return a.read + a.written > b.read + b.written end)
    return found
end

return M
