import LuaBridge

/// What dispatching a hook needs of its declaration: made once for a hook, and shared by the lists of all hosts.
final class HookDefinition<Arguments: Sendable>: Sendable {
    let name: String
    let kind: HookKind
    /// The lines of the argument table, and its keys.
    let fields: [HookField<Arguments>]
    let shape: LuaShape
    /// When tenants' plugins are called, and what their results do.
    let tenancy: HookTenancy
    /// What a call is about.
    let subject: @Sendable (Arguments) -> HookSubject
    /// How each field is read: all that an emission needs of them.
    private let getters: [@Sendable (Arguments) -> LuaValue]

    init(
        _ name: String, _ kind: HookKind, fields: [HookField<Arguments>], tenancy: HookTenancy,
        subject: @escaping @Sendable (Arguments) -> HookSubject
    ) {
        (self.name, self.kind, self.fields, self.tenancy, self.subject) = (name, kind, fields, tenancy, subject)
        // What listeners put in place of a fixed field is not looked at, nor anything where the result alone counts.
        let open = Set(kind.isWaterfall ? fields.filter { $0.set != nil }.map(\.name) : [])
        shape = LuaShape(fields.map(\.name), reading: open.contains)
        getters = fields.map(\.get)
    }

    /// The argument table's values.
    func values(of arguments: Arguments) -> [LuaValue] {
        [LuaValue](unsafeUninitializedCapacity: getters.count) { values, count in
            for get in getters {
                values.initializeElement(at: count, to: get(arguments))
                count += 1
            }
        }
    }
}
