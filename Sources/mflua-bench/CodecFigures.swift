import LuaBridge

/// Values: trees copied into Lua and out of it, and JSON.
struct CodecFigures {
    let state: LuaState
    let peer: Peer

    func run(_ report: Report) throws {
        for nodes in [3, 50, 5_000] {
            let rounds = max(20, 100_000 / nodes)
            let tree = Self.tree(of: nodes)
            let toLua = try Measure.each(rounds) { _ = try state.makeTable(tree) }
            let toLuaPeer = Measure.least(of: 7) { peer.treeToLua(nodes: nodes, rounds: rounds) }
            report.add(Figure("codec, \(nodes) nodes to Lua (C: lua_pcall)", ours: toLua, peer: toLuaPeer, bar: 1.5))
            let table = try state.makeTable(tree)
            let fromLua = try Measure.each(rounds) { _ = try table.copied() }
            let fromLuaPeer = Measure.least(of: 7) { peer.treeFromLua(nodes: nodes, rounds: rounds) }
            report.add(
                Figure("codec, \(nodes) nodes from Lua (C: lua_pcall)", ours: fromLua, peer: fromLuaPeer, bar: 1.5))
        }
    }

    /// The tree that the peer builds: `{ items = { { name = …, id = …, ok = … }, … } }`.
    private static func tree(of nodes: Int) -> LuaValue {
        let records = (0..<max(0, (nodes - 2) / 4)).map { index in
            LuaValue.record(
                LuaRecord([
                    ("name", .string("./components/button")), ("id", .integer(Int64(index + 1))),
                    ("ok", .boolean(true)),
                ]))
        }
        return .record(LuaRecord([("items", .array(records))]))
    }
}
