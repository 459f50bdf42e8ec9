import Federation
import Glibc
import LuaBridge
import Posix

/// Many sleeping tasks: what each takes to start, and to keep.
struct TaskFigures {
    let engine: Engine

    private static let count = 100_000

    func run(_ report: Report) async throws {
        let before = try Self.residentMemory()
        let start = ContinuousClock.now
        try await engine.run(
            """
            local mf = require("mf")
            sleepers = {}
            for number = 1, \(Self.count) do sleepers[number] = mf.spawn(mf.sleep, 3600000) end
            mf.sleep(0)
            """)
        let each = Measure.nanoseconds(.now - start) / Double(Self.count)
        let memory = Double(try Self.residentMemory() - before) / Double(Self.count)
        try await engine.run("for _, task in ipairs(sleepers) do task:cancel() end sleepers = nil")
        report.add(Figure("a sleeping task, of 100,000 (5 us)", ours: each, peer: 5_000, bar: 1))
        report.add(Figure("the same, resident memory (2 KiB)", ours: memory, peer: 2_048, bar: 1, unit: .bytes))
    }

    private static func residentMemory() throws -> Int {
        let fields = try File.text(of: "/proc/self/statm").split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(getpagesize())
    }
}
