import CBenchPeer

/// A C program's Lua state; each function gives the nanoseconds of one round.
final class Peer {
    private let handle: OpaquePointer

    init() throws {
        guard let handle = bench_peer_open() else { throw Child.Failure(description: "no memory for a Lua state") }
        self.handle = handle
    }

    deinit { bench_peer_close(handle) }

    func emit(_ listeners: Int, rounds: Int) -> Double { bench_peer_emit(handle, Int32(listeners), rounds) }
    func waterfall(_ listeners: Int, rounds: Int) -> Double { bench_peer_waterfall(handle, Int32(listeners), rounds) }
    func treeToLua(nodes: Int, rounds: Int) -> Double { bench_peer_tree_to_lua(handle, Int32(nodes), rounds) }
    func treeFromLua(nodes: Int, rounds: Int) -> Double { bench_peer_tree_from_lua(handle, Int32(nodes), rounds) }

    func json(_ text: inout String, rounds: Int) -> Double {
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { bench_peer_json(handle, $0.baseAddress, $0.count, rounds) }
        }
    }

    /// A load of what is loaded, with plugins of three listeners each.
    func load(plugins: Int, manifest: Bool, rounds: Int) -> Double {
        bench_peer_load(handle, Int32(plugins), manifest, rounds)
    }

    /// Bytes of a bare state with the libraries that a tenant gets.
    static var stateSize: Double { Double(bench_peer_state_size()) }
}
