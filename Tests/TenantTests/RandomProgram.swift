/// Lua programs made at random from a grammar that is fond of corners.
struct RandomProgram {
    private var state: UInt64
    private var depth = 0

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func make() -> String {
        (0..<(3 + pick(12))).map { _ in statement() }.joined(separator: "\n") + "\nreturn " + expression()
    }

    private mutating func pick(_ count: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(count))
    }

    private mutating func one(_ options: [String]) -> String { options[pick(options.count)] }
    private mutating func name() -> String { one(["a", "b", "c", "t", "f", "s"]) }

    private mutating func block() -> String {
        guard depth < 4 else { return "" }
        depth += 1
        defer { depth -= 1 }
        return (0..<(1 + pick(3))).map { _ in statement() }.joined(separator: " ")
    }

    private mutating func statement() -> String {
        switch pick(16) {
        case 0: "local \(name()) = \(expression())"
        case 1: "\(name()) = \(expression())"
        case 2: "if \(expression()) then \(block()) else \(block()) end"
        case 3: "for i = 1, \(one(["3", "10", "1e3", "1e7", "math.huge"])) do \(block()) end"
        case 4: "while \(one(["a", "true", "#t < 50", "f"])) do \(block()) break end"
        case 5:
            "for k, v in \(one(["pairs", "ipairs", "next,"]))\(one(["(t)", "(string)", "({1,2})"])) do \(block()) end"
        case 6: "local function f(...) \(block()) return \(expression()) end"
        case 7: "t = setmetatable({}, { \(metamethod()), \(metamethod()) })"
        case 8: "do local x <close> = setmetatable({}, { __close = function() \(block()) end }) \(block()) end"
        case 9: "pcall(function() \(block()) end)"
        case 10: "xpcall(function() \(block()) end, function(m) \(block()) return m end)"
        case 11:
            "local c = coroutine.wrap(function(...) \(block()) coroutine.yield(...) \(block()) end) pcall(c) pcall(c)"
        case 12:
            "local c = coroutine.create(function() \(block()) coroutine.yield() end) coroutine.resume(c) \(one(["coroutine.close(c)", "coroutine.resume(c)", "c = nil"]))"
        case 13: "t[\(expression())] = \(expression())"
        case 14: "goto e\(depth) \(block()) ::e\(depth)::"
        default: "local _ = \(call())"
        }
    }

    private mutating func metamethod() -> String {
        let name = one([
            "__index", "__newindex", "__add", "__concat", "__eq", "__lt", "__len", "__call", "__pairs", "__gc",
            "__tostring", "__mode", "__metatable", "__name",
        ])
        if name == "__mode" { return "__mode = 'k'" }
        return pick(3) == 0
            ? "\(name) = \(expression())" : "\(name) = function(...) \(block()) return \(expression()) end"
    }

    private mutating func call() -> String {
        switch pick(14) {
        case 0: "pcall(string.rep, \(expression()), \(one(["3", "1e5", "1<<40"])))"
        case 1:
            "pcall(string.find, \(expression()), \(one(["'%a+'", "('.-'):rep(9)..'z'", "'(a*)%1'", "'%b()'", "'['"])))"
        case 2: "pcall(string.gsub, \(expression()), '.', \(one(["'%0%0'", "function(c) return c end", "{}"])))"
        case 3:
            "pcall(table.sort, \(expression()), \(one(["nil", "function() return true end", "function(x, y) return x > y end"])))"
        case 4: "pcall(table.concat, \(expression()), ',')"
        case 5: "pcall(table.unpack, \(expression()), 1, \(one(["3", "1e6", "1<<60"])))"
        case 6: "pcall(table.move, \(expression()), 1, \(one(["10", "1<<40"])), 2)"
        case 7: "pcall(load, \(one(["'return ...'", "'x ='", "('('):rep(300)", "function() return nil end"])))"
        case 8: "pcall(string.format, \(one(["'%s'", "'%d'", "'%q'", "'%99.9f'"])), \(expression()))"
        case 9: "pcall(setmetatable, \(expression()), \(expression()))"
        case 10: "pcall(error, \(expression()))"
        case 11: "pcall(utf8.char, \(expression()))"
        case 12: "collectgarbage('step')"
        default: "pcall(f, \(expression()))"
        }
    }

    private mutating func expression() -> String {
        guard depth < 6 else { return "nil" }
        depth += 1
        defer { depth -= 1 }
        switch pick(18) {
        case 0...2: return name()
        case 3: return "\(pick(100))"
        case 4: return one(["1e308", "-0.0", "0/0", "math.mininteger", "math.maxinteger", "1 << 62"])
        case 5: return one(["''", "'abc'", "('x'):rep(1000)", "'\\0\\xff'"])
        case 6: return one(["nil", "true", "false", "select(1)"])
        case 7: return "{ \(expression()), \(expression()), k = \(expression()) }"
        case 8: return "function(...) \(block()) return \(expression()) end"
        case 9: return "(\(expression()) .. \(expression()))"
        case 10: return "(\(expression()) + \(expression()))"
        case 11: return "(\(expression()) == \(expression()))"
        case 12: return "(\(expression()) < \(expression()))"
        case 13: return "#\(name())"
        case 14: return "\(name())[\(expression())]"
        case 15: return "tostring(\(expression()))"
        case 16: return "(\(expression()) and \(expression()) or \(expression()))"
        default: return "select('#', \(call()))"
        }
    }
}
