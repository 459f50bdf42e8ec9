import Diagnostics
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Odd keys of views and odd results of hooks: values or errors, never a crash. Longer runs: `MFLUA_FUZZ=1000000`.
@Suite(.timeLimit(.minutes(60))) struct ViewFuzzTests {
    private static let count = getenv("MFLUA_FUZZ").flatMap { Int(String(cString: $0)) } ?? 2_000

    /// A random value of Lua: edges of numbers, texts that are none, tables in each other.
    private static let odd = """
        math.randomseed(7)
        local function odd(depth)
          local kind = math.random(depth > 3 and 13 or 16)
          local numbers = { math.mininteger, math.mininteger + 1, -1, 0, 1, 2, 1 << 31, 1 << 53, math.maxinteger }
          if kind <= 6 then return numbers[math.random(#numbers)] end
          if kind == 7 then return ({ 0.5, -0.0, 1 / 0, -1 / 0, 0 / 0, 1e308, 2.0 })[math.random(7)] end
          if kind == 8 then return ({ "", "name", "\\xff", "\\0", ("x"):rep(300), "1", "a/b" })[math.random(7)] end
          if kind == 9 then return math.random(2) == 1 end
          if kind == 10 then return nil end
          if kind == 11 then return function() return odd(4) end end
          if kind == 12 then return mf.null end
          if kind == 13 then return coroutine.create(print) end
          local t = {}
          for _ = 1, math.random(0, 4) do
            local key = odd(4)
            if key ~= nil and key == key then t[key] = odd(depth + 1) end
          end
          return t
        end
        """

    @Test func oddKeysOfViewsAreNilOrErrors() async throws {
        try await withSite { site in
            let rounds = try await site.lua(
                Self.odd + """

                     mf.init { name = "host", remotes = { { name = "r", entry = "http://r/e.lua" } },
                       shared = { lib = { version = "1.0.0", get = function() return function() return {} end end } } }
                     local host = mf.getInstance()
                     local roots = { host, mf.globalShareScopes(), mf.getGlobalSnapshot(), host.options }
                     local fields = { "options", "remotes", "shareScopeMap", "moduleCache", "default", "lib", 1, "1.0.0", "shared" }
                     local rounds = 0
                     for round = 1, \(Self.count) do
                       local view = roots[math.random(#roots)]
                       for _ = 1, math.random(0, 4) do
                         local ok, inner = pcall(function() return view[fields[math.random(#fields)]] end)
                         if ok and type(inner) == "userdata" and inner ~= mf.null then view = inner end
                       end
                       local key = odd(0)
                       pcall(function() return view[key] end)
                       -- What is written is taken back by what keeps it, or refused; the roots stay.
                       if view ~= host and view ~= roots[4] then pcall(function() view[key] = odd(0) end) end
                       pcall(function() return #view, tostring(view) end)
                       pcall(function() for _ in pairs(view) do end end)
                       rounds = round
                     end
                     return rounds
                    """)
            #expect(rounds == [.integer(Int64(Self.count))])
        }
    }

    @Test func oddResultsOfHooksAreErrorsOrTaken() async throws {
        let hooks = Lifecycle.all.map(\.name).filter { $0 != "beforeInit" && $0 != "init" }
        let entry = "return { init = function() end, get = function() return function() return 1 end end }"
        try await withSite(["http://r/e.lua": entry]) { site in
            let rounds = try await site.lua(
                Self.odd + """

                     local plugin, active = { name = "odd" }, nil
                     for name in ("\(hooks.joined(separator: " "))"):gmatch("%w+") do
                       plugin[name] = function(args)
                         if active ~= name then return end
                         local result = odd(0)
                         if type(result) == "table" and type(args) == "table" then
                           for key, value in pairs(args) do if result[key] == nil and math.random(2) == 1 then result[key] = value end end
                         end
                         return result
                       end
                     end
                     mf.init { name = "host", remotes = { { name = "r", entry = "http://r/e.lua" } }, plugins = { plugin },
                       shared = { lib = { version = "1.0.0", lib = function() return {} end } } }
                     local names, rounds = {}, 0
                     for name in pairs(plugin) do if name ~= "name" then names[#names + 1] = name end end
                     table.sort(names)
                     for round = 1, \(Self.count) do
                       active = names[math.random(#names)]
                       if round % 3 == 0 then pcall(mf.registerRemotes, { { name = "r", entry = "http://r/e.lua" } }, { force = true }) end
                       pcall(mf.loadRemote, "r/x")
                       if round % 5 == 0 then pcall(mf.loadShare, "lib") end
                       rounds = round
                     end
                     active = nil
                     return rounds
                    """)
            #expect(rounds == [.integer(Int64(Self.count))])
        }
    }
}
