--- What the log files say, by their ends.

local tail = 256 * 1024 -- bytes read of each file

local patterns = {
    errors = { "error", "fatal", "panic", "critical" },
    warnings = { "warn" },
}

local function mentions(line, words)
    for _, word in ipairs(words) do
        if line:find(word, 1, true) then return true end
    end
    return false
end

local function matching(pattern)
    local output = assert(io.popen("ls -1 -- " .. pattern .. " 2>/dev/null"))
    local paths = {}
    for path in output:lines() do paths[#paths + 1] = path end
    output:close()
    return paths
end

local function examine(path, bytes)
    local file = io.open(path, "rb")
    local size = file and file:seek("end")
    if not size then return nil end
    file:seek("set", math.max(0, size - tail))
    local report = { path = path, size = bytes(size), errors = 0, warnings = 0, last = "" }
    for line in file:lines() do
        local lower = line:lower()
        if mentions(lower, patterns.errors) then
            report.errors = report.errors + 1
        elseif mentions(lower, patterns.warnings) then
            report.warnings = report.warnings + 1
        end
        if line:find("%S") then report.last = line end
    end
    file:close()
    report.last = report.last:gsub("%c", " ")
    return report
end

--- Made with the host's `units`; without them sizes are plain numbers.
return function(units)
    local bytes = units and units.bytes or tostring
    local M = {}

    --- Readable files that match shell patterns: { path, size, errors, warnings, last }.
    function M.list(wanted)
        local found = {}
        for _, pattern in ipairs(wanted) do
            for _, path in ipairs(matching(pattern)) do
                found[#found + 1] = examine(path, bytes)
            end
        end
        return found
    end

    return M
end
