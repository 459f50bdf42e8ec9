import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

/// The tenants' own pattern matching against Lua's, on random patterns and subjects.
struct PatternTests {
    /// Answers, for a seed, what find, match, gsub and gmatch give: the same script in a host's and in a tenant's state.
    private static let script = """
        local seed, count = ...
        local function rnd(a, b)
          seed = (seed * 6364136223846793005 + 1442695040888963407)
          if not b then a, b = 1, a end
          return a + ((seed >> 33) % (b - a + 1))
        end
        local atoms = { "a", "b", "c", ".", "%a", "%d", "%s", "%w", "%x", "%p", "%l", "%u", "%A", "%S", "%W", "[abc]",
          "[^abc]", "[a-c]", "[%a_]", "[]]", "[^]]", "[a-]", "%%", "%.", "x", "1", " ", "%b()", "%bxy", "%f[%w]", "%f[^%w]",
          "(", ")", "()", "%1", "%2", "$", "^", "%", "[", "[a", "%b", "%f", "%z", "%g", "\\0", "\\xff", "(a", "b)", "%c",
          "[%", "-", "*", "+", "?" }
        local repeats = { "", "", "", "*", "+", "-", "?" }
        local letters = { "a", "b", "c", "x", "y", "1", "2", " ", "(", ")", ".", "%", "_", "\\0", "\\xff", "A", "-", "]", "[", "$" }
        local function pattern()
          local t = {}
          if rnd(6) == 1 then t[1] = "^" end
          for i = 1, rnd(0, 6) do
            local a = atoms[rnd(#atoms)]
            if rnd(5) == 1 then a = "(" .. a .. repeats[rnd(#repeats)] .. ")" end
            t[#t + 1] = a .. repeats[rnd(#repeats)]
          end
          if rnd(6) == 1 then t[#t + 1] = "$" end
          return table.concat(t)
        end
        local function subject()
          local t = {}
          for i = 1, rnd(0, 20) do t[i] = letters[rnd(rnd(1, #letters))] end
          return table.concat(t)
        end
        local function line(...)
          local t = table.pack(...)
          for i = 1, t.n do t[i] = tostring(t[i]) end
          return table.concat(t, "|", 1, t.n)
        end
        local replacements = { "<%0>", "%1", "%1%2", "x", "%%", "%", "%9",
          function(a) return a and #tostring(a) % 2 == 0 and a or nil end, function() return false end,
          function() return {} end, { a = "A", b = 1, ab = true }, 5 }
        local out = {}
        for i = 1, count do
          local p, s, init, plain = pattern(), subject(), nil, rnd(4) == 1
          if rnd(3) == 1 then init = rnd(-25, 25) end
          local r, limit = replacements[rnd(#replacements)], rnd(3) == 1 and rnd(-1, 4) or nil
          out[#out + 1] = ("%q %q %s"):format(p, s, init) .. line(pcall(string.find, s, p, init, plain)) .. "\\n"
            .. line(pcall(string.match, s, p, init)) .. "\\n" .. line(pcall(string.gsub, s, p, r, limit)) .. "\\n"
            .. line(pcall(function()
              local o = {}
              for a, b, c in s:gmatch(p, init) do o[#o + 1] = line(a, b, c) if #o > 60 then break end end
              return table.concat(o, ";")
            end))
        end
        return out
        """

    @Test func resultsAndErrorsAreThoseOfLua() async throws {
        let loop = EventLoop(name: "patterns")
        defer { loop.stop() }
        try await loop.perform {
            let host = try LuaState(loop: loop)
            let tenant = try LuaState(
                loop: loop,
                configuration: .tenant(LuaLimits(memory: 256 << 20, cpu: .seconds(600), message: 64 << 20)))
            defer {
                host.close()
                tenant.close()
            }
            let stock = try host.load(Self.script, name: "=patterns")
            let ours = try tenant.load(Self.script, name: "=patterns")
            for seed in 1...100 / Sanitizer.slowdown {
                let arguments: [LuaValue] = [.integer(Int64(seed) &* 7_919_777), 1000]
                let expected = try host.call(stock, arguments).first?.tableValue?.copied() ?? .nil
                let found = try tenant.call(ours, arguments).first?.tableValue?.copied() ?? .nil
                if expected != found {
                    let (a, b) = (expected.arrayValue ?? [], found.arrayValue ?? [])
                    for (left, right) in zip(a, b) where left != right {
                        Issue.record("Lua: \(left)\nours: \(right)")
                        return
                    }
                }
            }
        }
    }

    @Test(arguments: [
        #"return ("a"):rep(300):find(("a?"):rep(300) .. "b")"#, #"return (("x"):rep(250)):match(("(x"):rep(40))"#,
        #"return ("ab"):find("(a)(b)%3")"#, #"return ("x"):gsub("", "-")"#, #"return ("a*b"):find("*", 1, true)"#,
        #"return ("a"):rep(220):match(("a*"):rep(210))"#, #"return (("(a)"):rep(2)):gsub("%b()", "%0%0")"#,
        #"return ("THE (quick) fox"):find("%((%a+)%)")"#, #"return ("hello"):gsub("", "%1")"#,
    ])
    func limitsOfPatternsAreThoseOfLua(source: String) async throws {
        let loop = EventLoop(name: "patterns")
        defer { loop.stop() }
        try await loop.perform {
            let host = try LuaState(loop: loop)
            let tenant = try LuaState(loop: loop, configuration: .tenant(LuaLimits(cpu: .seconds(60))))
            defer {
                host.close()
                tenant.close()
            }
            let wrapped = "return pcall(function() \(source) end)"
            let expected = try host.call(try host.load(wrapped, name: "=p"))
            let found = try tenant.call(try tenant.load(wrapped, name: "=p"))
            #expect(expected == found)
        }
    }
}
