import TestSupport
import Testing

/// Stores of hosts whose processes are killed, and of several at once.
@Suite(.timeLimit(.minutes(3))) struct StoreTests {
    private static let mflua = Places.products + "/mflua"

    /// Random changes, each told of before it is made and, where it is durable, when it is acknowledged.
    private static let changing = """
        local mf = require("mf")
        mf.init { name = "h" }
        math.randomseed(tonumber(arg[1]))
        local kv = mf.store("s")
        for turn = 1, math.huge do
          local key, kind = "k" .. math.random(4), math.random(4)
          io.write(turn, " ", key, " ", kind == 1 and "-" or turn, "\\n") io.flush()
          local durable = { durable = turn == 1 or math.random(50) == 1 }
          if kind == 1 then kv:delete(key, durable)
          elseif kind == 2 then kv:update(key, function() return turn end, durable)
          else kv:set(key, turn, durable) end
        end
        """

    private static let showing = """
        local mf = require("mf")
        mf.init { name = "h" }
        local kv = mf.store("s")
        for _, key in ipairs(kv:keys()) do io.write(key, "=", kv:get(key), " ") end
        kv:set("after", 1) kv:delete("after")
        """

    /// What a kill leaves is what was told of, but for the last change at most: the system has what was written.
    @Test(arguments: 1...6) func aKilledProcessLosesAtMostTheChangeUnderWay(seed: Int) async throws {
        let folder = try TemporaryFolder()
        try folder.write("change.lua", Self.changing)
        try folder.write("show.lua", Self.showing)
        let environment: [String: String?] = ["MFLUA_STATE": folder.path + "/state"]
        let child = try ChildProcess(
            Self.mflua, ["change.lua", "\(seed)"], environment: environment, folder: folder.path)
        var told = ""
        while told.utf8.count < 2_000 * seed { told += try await child.nextOutput() }
        child.signal(9)
        let rest = try await child.result()
        told += rest.output
        var (model, models): ([String: String], [[String: String]]) = ([:], [[:]])
        for line in told.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3 else { continue }
            model[words[1]] = words[2] == "-" ? nil : words[2]
            models.append(model)
        }
        let shown = try await ChildProcess.run(
            Self.mflua, ["show.lua"], environment: environment, folder: folder.path)
        var found: [String: String] = [:]
        for pair in shown.output.split(separator: " ") {
            let parts = pair.split(separator: "=").map(String.init)
            found[parts[0]] = parts[1]
        }
        #expect(shown.code == 0 && models.suffix(2).contains(found), "\(shown)\n\(models.suffix(2))")
    }

    /// Eight processes that add to one number as long as they may: one of them may at a time.
    @Test func ofEightProcessesOneWritesAtATimeAndNothingIsLost() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            "count.lua",
            """
            local mf = require("mf")
            mf.init { name = "h" }
            local kv = mf.store("s")
            local added, refused = 0, 0
            for turn = 1, 200 do
              local ok, problem = pcall(kv.update, kv, "n", function(n) return (n or 0) + 1 end)
              if ok then added = added + 1
              elseif problem.code == "STORE-003" then refused = refused + 1 kv:get("n")
              else error(problem) end
            end
            print(added)
            """)
        let environment: [String: String?] = ["MFLUA_STATE": folder.path + "/state"]
        let children = try (0..<8).map { _ in
            try ChildProcess(Self.mflua, ["count.lua"], environment: environment, folder: folder.path)
        }
        var sum = 0
        for child in children {
            let result = try await child.result()
            #expect(result.code == 0, "\(result)")
            sum += Int(result.output.split(separator: "\n").first ?? "") ?? 0
        }
        try folder.write(
            "show.lua", "local mf = require('mf') mf.init { name = 'h' } io.write(mf.store('s'):get('n'))")
        let shown = try await ChildProcess.run(
            Self.mflua, ["show.lua"], environment: environment, folder: folder.path)
        #expect(sum >= 200 && shown.output == "\(sum)", "\(shown)")
    }

    /// A process that dies in the middle of a migration has not migrated.
    @Test func aMigrationThatIsKilledLeavesEverythingAsItWas() async throws {
        let folder = try TemporaryFolder()
        let environment: [String: String?] = ["MFLUA_STATE": folder.path + "/state"]
        try folder.write("host.lua", "require('mf').init { name = 'h', plugins = { './v-plugin.lua' } }")
        func run(_ store: String, _ body: String) async throws -> ChildProcess.Result {
            try folder.write(
                "v-plugin.lua",
                "local kv = require('mf').store() return { name = 'v-plugin', store = \(store), apply = function() \(body) end }"
            )
            return try await ChildProcess.run(
                Self.mflua, ["host.lua"], environment: environment, folder: folder.path)
        }
        _ = try await run("{ version = 1 }", "for i = 1, 5 do kv:set('k' .. i, 1) end")
        for step in 1...5 {
            let killing = """
                { version = 2, migrate = function(kv)
                  for i = 1, 5 do if i == \(step) then os.exit(9) end kv:set('k' .. i, 2) end
                end }
                """
            #expect(try await run(killing, "").code == 9)
            #expect(
                try await run("{ version = 1 }", "for i = 1, 5 do io.write(kv:get('k' .. i)) end").output == "11111")
        }
        let killed = try await run(
            "{ version = 2, migrate = function(kv) for i = 1, 5 do kv:set('k' .. i, 2) end end }",
            "io.write(kv:get('k5')) io.flush() os.exit(9)")
        #expect(killed.code == 9 && killed.output == "2")
        #expect(try await run("{ version = 1 }", "for i = 1, 5 do io.write(kv:get('k' .. i)) end").output == "11111")
    }
}
