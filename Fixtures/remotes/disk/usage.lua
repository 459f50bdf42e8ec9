--- How full the filesystems are.

local M = {}

local function unescape(text)
    return (text:gsub("\\(%d%d%d)", function(octal) return string.char(tonumber(octal, 8)) end))
end

--- Filesystems on real devices, the fullest first: { mount, device, size, free, share }, sizes in bytes.
function M.list()
    local output = assert(io.popen("LC_ALL=C df -kP 2>/dev/null"))
    local found, seen = {}, {}
    for line in output:lines() do
        local device, size, used, free, mount = line:match("^(%S+)%s+(%d+)%s+(%d+)%s+(%d+)%s+%d+%%%s+(.+)$")
        size, used, free = tonumber(size), tonumber(used), tonumber(free)
        -- Bind mounts show one filesystem many times: the first mount point stands for it.
        local is_real = device and size >= 1024 and device ~= "tmpfs" and device ~= "devtmpfs" and device ~= "shm"
        if is_real and not seen[device .. size] then
            local entry = {
                mount = unescape(mount), device = device, size = size * 1024, free = free * 1024,
                share = used / math.max(1, used + free),
            }
            seen[device .. size] = entry
            found[#found + 1] = entry
        end
    end
    output:close()
    table.sort(found, function(a, b) return a.share > b.share end)
    return found
end

return M
