import LuaBridge

/// Where the entries of a list of plugins are written, for messages: a table does not know its line, but the call that
/// gives it to a host does, and the path of a plugin is a text that can be found from there on.
final class EntryPlaces {
    private let caller: LuaCaller?
    /// How often each path came already.
    private var occurrences: [String: Int] = [:]

    /// The places of a list that a call of Lua code gives.
    init(_ state: LuaState, _ registry: FederationRegistry) { caller = registry.caller ?? state.caller() }

    private init() { caller = nil }

    /// The places of a list that Swift gives.
    static var none: EntryPlaces { EntryPlaces() }

    /// Where the next entry is written, by its first element; found out when it is asked for.
    func next(_ element: LuaValue) -> @Sendable () -> String? {
        guard let caller, let file = caller.file else { return { nil } }
        switch element {
        case .string(let path):
            let occurrence = occurrences[path, default: 0]
            occurrences[path] = occurrence + 1
            return {
                let line = SourceText(file: file, from: caller.line)?.line(quoting: path, occurrence: occurrence)
                return "\(file):\(line ?? caller.line)"
            }
        case .table(let table):
            return { ((try? table.rawGet("plugin")) ?? nil)?.functionValue?.place ?? caller.place }
        default: return { caller.place }
        }
    }
}
