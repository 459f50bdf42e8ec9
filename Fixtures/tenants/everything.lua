-- Does a little of everything that allocates: what the sweep of memory caps runs.
local log = {}
local function note(...)
  log[#log + 1] = table.concat({ ... }, " ")
end

-- strings
for i = 1, 200 do
  local s = ("x"):rep(i) .. i
  note(s:upper():sub(1, 9), s:find("%d+"), (s:gsub("x", { x = "y" })), s:reverse():match("^(%d+)"))
  note(("%5d|%-8s|%q"):format(i, s:sub(1, 4), s:sub(-3)), #string.pack("i4s2", i, s))
end
for word, at in ("one two three four"):gmatch("()(%a+)") do note(word, at) end

-- tables that grow, shrink, are sorted and moved
local list = {}
for i = 1, 500 do list[i] = (i * 7919) % 1009 end
table.sort(list)
table.sort(list, function(a, b) return a > b end)
for i = 1, 100 do table.insert(list, i, i) end
for i = 1, 200 do table.remove(list, 1) end
table.move(list, 1, 100, 50, {})
local packed = table.pack(table.unpack(list, 1, 50))
local map = {}
for i = 1, 300 do map["key" .. i] = { i, tostring(i) } end
for i = 1, 300, 2 do map["key" .. i] = nil end

-- metatables: stores that go through __newindex of weak tables
local weak = setmetatable({}, { __mode = "k" })
for i = 1, 200 do
  local meta = { __newindex = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, v) end }) }
  local object = setmetatable({}, meta)
  weak[object] = meta
  object["field" .. i] = ("v"):rep(i)
  pcall(function() object[nil] = 1 end)
end
local point = setmetatable({}, {
  __add = function(a, b) return { a, b } end, __concat = function(a, b) return tostring(a) .. tostring(b) end,
  __index = function(_, key) return key .. "!" end, __call = function(_, ...) return select("#", ...) end,
  __close = function() note("closed") end, __tostring = function() return "point" end,
})
note((point .. "x"), point.name, point(1, 2, 3), #(point + 1))
do local scoped <close> = point end

-- closures, varargs, recursion
local function nest(depth, ...) if depth == 0 then return ... end return nest(depth - 1, depth, ...) end
note(nest(60))
local made = {}
for i = 1, 200 do made[i] = function() i = i + 1 return i end end
for i = 1, 200 do made[i]() end
local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end
note(deep(2000))

-- coroutines
for i = 1, 50 do
  local co = coroutine.create(function(a) local b = coroutine.yield(a .. i) error({ b }) end)
  coroutine.resume(co, "a")
  if i % 2 == 0 then coroutine.resume(co, "b") else coroutine.close(co) end
end
local generate = coroutine.wrap(function() for i = 1, 30 do coroutine.yield(("z"):rep(i)) end end)
for _ = 1, 30 do note(generate()) end

-- errors and compiled text
for i = 1, 50 do
  note(select(2, pcall(error, "message " .. i)))
  xpcall(function() local nothing; return nothing.field end, function(m) note(m) return m end)
  note(tostring((load("local a = ... return a * " .. i, "=made"))(i)), tostring(load("x =", "bad")))
end
note(utf8.char(228, 8364, 128512), utf8.len("äöü"), os.date("%Y"), math.random(3))
collectgarbage()
return #log
