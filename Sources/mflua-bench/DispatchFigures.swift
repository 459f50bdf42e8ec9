import LuaBridge

/// Hooks: calling Lua listeners with an argument table.
struct DispatchFigures {
    let state: LuaState
    let peer: Peer

    /// As the peer does, and as `beforeRequest` has it: the id is read back.
    private let shape = LuaShape(["id", "options", "origin"]) { $0 == "id" }

    func run(_ report: Report) throws {
        try one(report)
        try waterfall(report)
    }

    private func listeners(_ count: Int) throws -> LuaListeners {
        let functions = try (0..<count).map { _ in
            try state.call(state.load("return function(args) return args end", name: "=listener"))[0].functionValue!
        }
        return try LuaListeners(state: state, functions: functions)
    }

    private var data: LuaEmission.Data {
        .values(shape, [.string("app1/button"), .boolean(true), .integer(7)])
    }

    /// Emits to so many listeners, again and again.
    ///
    /// A waterfall, as `beforeRequest`: its data is the result that is read back.
    func loop(_ count: Int, rounds: Int) throws {
        let listeners = try listeners(count)
        for _ in 0..<rounds { try emit(listeners) }
    }

    private func emit(_ listeners: LuaListeners) throws {
        let result = try state.emit(.syncWaterfall, listeners, data, keep: false)
        precondition(result.fields[0].stringValue != nil)
    }

    private func one(_ report: Report) throws {
        let listeners = try listeners(1)
        let rounds = 20_000
        let ours = try Measure.each(rounds, runs: 15) { try emit(listeners) }
        let peer = Measure.least(of: 15) { self.peer.emit(1, rounds: rounds) }
        report.add(Figure("hook, 1 listener (C: lua_pcall)", ours: ours, peer: peer, bar: 1.5))
    }

    private func waterfall(_ report: Report) throws {
        let listeners = try listeners(10)
        let rounds = 10_000
        let ours = try Measure.each(rounds) { try emit(listeners) }
        let peer = Measure.least(of: 7) { self.peer.waterfall(10, rounds: rounds) }
        report.add(Figure("hook, waterfall of 10 (C: a loop)", ours: ours, peer: peer, bar: 1.5))
    }
}
