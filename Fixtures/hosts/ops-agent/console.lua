--- Tables and colours for a terminal.

local M = {}

local codes = { good = "32", warn = "33", bad = "31", dim = "2", bold = "1" }

--- Whether standard output shows colours.
M.color = (os.getenv("NO_COLOR") or "") == "" and os.execute("test -t 1") == true

local function paint(name, text)
    if not M.color or not codes[name] then return text end
    return ("\27[%sm%s\27[0m"):format(codes[name], text)
end

local function width(text)
    return utf8.len(text) or #text
end

local function cut(text, limit)
    if width(text) <= limit then return text end
    local stop = utf8.offset(text, limit) or limit
    return text:sub(1, stop - 1) .. "…"
end

local function pad(text, target)
    return text .. (" "):rep(target - width(text))
end

--- A line that stands out.
function M.heading(text)
    print()
    print(paint("bold", text))
end

--- What went wrong with a section.
function M.failure(problem)
    print()
    print(paint("bad", "  " .. tostring(problem)))
end

--- A titled table. A row's `level` (good, warn, bad) colours its first cell.
function M.table(title, columns, rows)
    local widths = {}
    for _, row in ipairs { columns, table.unpack(rows) } do
        for position, cell in ipairs(row) do
            row[position] = cut(cell, 48)
            widths[position] = math.max(widths[position] or 0, width(row[position]))
        end
    end
    local function line(row, first)
        local cells = {}
        for position, cell in ipairs(row) do
            local text = pad(cell, widths[position])
            cells[position] = position == 1 and paint(first, text) or first == "dim" and paint("dim", text) or text
        end
        print((("  " .. table.concat(cells, "  ")):gsub("%s+$", "")))
    end
    print()
    print(paint("bold", title))
    if #rows == 0 then return print("  " .. paint("dim", "none")) end
    line(columns, "dim")
    for _, row in ipairs(rows) do line(row, row.level) end
end

return M
