/// Many remotes: registering them, and finding the last of them.
struct RegistryFigures {
    let engine: Engine
    let site: Site

    func run(_ report: Report) async throws {
        try await engine.run(
            """
            local mf = require("mf")
            function many(count, entry)
              local remotes = {}
              for number = 1, count do remotes[number] = { name = "many-" .. number, entry = entry .. "?" .. number } end
              return remotes
            end
            function host_of(count, entry)
              return mf.createInstance { name = "many-" .. count, remotes = many(count, entry) }
            end
            """)
        let entry = site.entryURL(1)
        var smallest = 0.0
        for (count, recorded) in [
            (100, Recorded.lookUpAmong100), (1_000, Recorded.lookUpAmong1000), (10_000, Recorded.lookUpAmong10000),
        ] {
            try await engine.run(
                "host = host_of(\(count), \"\(entry)\") last = 'many-\(count)/x' host:loadRemote(last)")
            let ours = try await engine.each(2_000) { "for _ = 1, \($0) do host:loadRemote(last) end" }
            report.add(Figure("last of \(count) remotes, loaded (MF on Node)", ours: ours, peer: recorded, bar: 1))
            if count == 100 {
                smallest = ours
            } else {
                report.add(Figure("last of \(count) remotes, loaded (of 100)", ours: ours, peer: smallest, bar: 1.15))
            }
        }
        try await engine.run("list = many(10000, \"\(entry)\") turn = 0")
        let registering = try await Measure.bestAwaited(of: 3) {
            try await engine.run(
                """
                turn = turn + 1
                require("mf").createInstance { name = "register-" .. turn, remotes = {} }:registerRemotes(list)
                """)
        }
        report.add(Figure("registering 10000 remotes (10 ms)", ours: registering, peer: 10e6, bar: 1))
        try await plugins(report)
    }

    /// Adds 10,000 plugins: the last thousand may cost little more than the first.
    private func plugins(_ report: Report) async throws {
        try await engine.run(
            """
            plugged = require("mf").createInstance { name = "plugged", remotes = {} }
            function plug(from)
              for number = from, from + 999 do
                plugged:registerPlugins { { name = "p" .. number .. "-plugin", onLoad = function() end } }
              end
            end
            """)
        var times: [Double] = []
        for thousand in 0..<10 {
            times.append(try await Measure.bestAwaited(of: 1) { try await engine.run("plug(\(thousand * 1_000))") })
        }
        report.add(Figure("adding plugins 9,000 to 10,000 (the first 1,000)", ours: times[9], peer: times[0], bar: 1.2))
    }
}
