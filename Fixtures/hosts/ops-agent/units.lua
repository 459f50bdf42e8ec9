--- How this host writes numbers. Shared with the remotes as `units`.

local M = {}

--- 1536 → "1.5 KiB".
function M.bytes(count)
    local names = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" }
    local position = 1
    while count >= 1024 and position < #names do
        count = count / 1024
        position = position + 1
    end
    return (position == 1 and "%d %s" or "%.1f %s"):format(count, names[position])
end

--- 0.256 → "26 %".
function M.percent(share)
    return ("%.0f %%"):format(share * 100)
end

--- A bar of blocks, filled from the left.
function M.bar(share, length)
    local filled = math.floor(math.max(0, math.min(1, share)) * length + 0.5)
    return ("█"):rep(filled) .. ("░"):rep(length - filled)
end

--- The machine's name.
function M.hostname()
    local file = io.open("/proc/sys/kernel/hostname")
    local name = file and file:read("l")
    if file then file:close() end
    return name or "this machine"
end

return M
