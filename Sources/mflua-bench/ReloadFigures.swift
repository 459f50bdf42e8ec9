import EventLoops
import Federation
import Glibc
import HotReload
import LuaBridge

/// Hot reload: from the renaming of a plugin of 200 lines into its place until the new code serves.
struct ReloadFigures {
    let site: Site

    /// What a reload may take.
    private static let allowed = 5e6

    func run(_ report: Report) async throws {
        let path = site.write(Self.plugin(0), to: "reload-plugin.lua")
        let runtime = try Runtime(configuration: RuntimeConfiguration(watchesFiles: true))
        let (ends, continuation) = AsyncStream<ContinuousClock.Instant>.makeStream()
        let reloader = try await HotReloader.start(for: runtime) { event in
            if case .reload(let reload) = event, reload.error == nil { continuation.yield(.now) }
        }
        try await runtime.evaluate("require('mf').init { name = 'reload', plugins = { '\(path)' } }")
        var iterator = ends.makeAsyncIterator()
        var times: [Double] = []
        for turn in 1...300 {
            let next = site.write(Self.plugin(turn), to: ".reload-plugin.tmp")
            let start = ContinuousClock.now
            rename(next, path)
            guard let end = await iterator.next(isolation: #isolation) else { break }
            times.append(Measure.nanoseconds(end - start))
        }
        let compiling = try await runtime.loop.perform {
            try (1...300).map { turn in
                let source = Array(Self.plugin(turn).utf8)
                let start = ContinuousClock.now
                _ = try runtime.state.load(source, name: "@" + path)
                return Measure.nanoseconds(.now - start)
            }
        }
        await reloader.stop()
        await runtime.shutdown()
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let time = Measure.percentile(share, of: times)
            report.add(Figure("hot reload of 200 lines, \(name) (5 ms)", ours: time, peer: Self.allowed, bar: 1))
            let part = Measure.percentile(share, of: compiling)
            report.add(Figure("compiling them alone, \(name) (5 ms)", ours: part, peer: Self.allowed, bar: 1))
        }
    }

    private static func plugin(_ version: Int) -> String {
        let functions = (0..<39).map { number in
            """
            local function step_\(number)(args)
              local id = args.id or "none"
              if cache[id] == nil then cache[id] = { n = \(number), s = "v\(version)" } end
              return cache[id]
            end
            """
        }
        return """
            local cache = {}
            \(functions.joined(separator: "\n"))
            return {
              name = "reload-plugin", version = "\(version)",
              beforeRequest = function(args) step_0(args) return args end,
            }
            """
    }
}
