import LuaBridge
import Synchronization

/// One line of a hook's argument table: its Lua key, its type, and how a listener's change comes back.
public struct HookField<Root>: Sendable, Dated {
    /// The key in the argument table, as Module Federation spells it.
    public let name: String
    /// The type in the notation of the Lua language server.
    public let luaType: String
    /// One sentence for the reference.
    public let summary: String
    /// What a tenant's plugin sees of it.
    public let sees: TenantSight
    /// What a tenant's plugin changes by replacing it.
    public let changes: TenantChange
    /// In which versions it is there.
    public internal(set) var availability = Availability()
    let get: @Sendable (Root) -> LuaValue
    let set: (@Sendable (inout Root, LuaValue) throws -> Void)?
    /// Makes the value for a tenant that may change the remote, where it sees ``TenantSight/granted``.
    var getGranted: (@Sendable (_ arguments: Root, _ tenant: String) -> LuaValue)?

    /// A field that listeners read; what they put in its place is not looked at.
    static func fixed(
        _ name: String, _ luaType: String, _ summary: String, sees: TenantSight,
        _ get: @escaping @Sendable (Root) -> LuaValue
    ) -> Self {
        Self(name: name, luaType: luaType, summary: summary, sees: sees, changes: .none, get: get, set: nil)
    }

    /// A field that listeners may replace.
    static func open(
        _ name: String, _ luaType: String, _ summary: String, sees: TenantSight, changes: TenantChange,
        _ get: @escaping @Sendable (Root) -> LuaValue,
        _ set: @escaping @Sendable (inout Root, LuaValue) throws -> Void
    ) -> Self {
        Self(name: name, luaType: luaType, summary: summary, sees: sees, changes: changes, get: get, set: set)
    }

    /// The same field with a value for tenants that may change the remote.
    func granting(_ get: @escaping @Sendable (_ arguments: Root, _ tenant: String) -> LuaValue) -> Self {
        var copy = self
        copy.getGranted = get
        return copy
    }
}

/// The arguments of a hook: a typed value in Swift, a table in Lua.
public protocol HookArguments: Sendable {
    /// The table's keys, in the order of the reference.
    static var luaFields: [HookField<Self>] { get }
    /// What the call is about: what a tenant's `hears` and `changes` are matched against.
    var subject: HookSubject { get }
}

/// Which part of a host's work a hook belongs to.
public enum HookGroup: String, Sendable {
    /// The part of the host: its options, remotes, shared modules, snapshots, resource loading or bridges.
    case host, remote, share, snapshot, loader, bridge
}

/// How listeners are called and what their results do.
public enum HookKind: String, Sendable {
    /// All listeners, one after another; the result is the last one that is not nothing.
    case sync = "SyncHook"
    /// One after another, each awaited; `false` stops.
    case async = "AsyncHook"
    /// Each listener gets what the one before it returned.
    case syncWaterfall = "SyncWaterfallHook"
    /// A waterfall whose listeners may wait.
    case asyncWaterfall = "AsyncWaterfallHook"

    var isWaterfall: Bool { self == .syncWaterfall || self == .asyncWaterfall }
    var canWait: Bool { self == .async || self == .asyncWaterfall }

    var emission: LuaEmission.Kind {
        switch self {
        case .sync: .sync
        case .async: .async
        case .syncWaterfall: .syncWaterfall
        case .asyncWaterfall: .asyncWaterfall
        }
    }
}

/// A marker for the kind of a hook, so that only hooks that can wait are awaited.
public protocol HookMode: Sendable {
    /// The kind that the marker stands for.
    static var kind: HookKind { get }
}
/// See ``HookKind/sync``.
public enum SyncMode: HookMode { public static let kind = HookKind.sync }
/// See ``HookKind/async``.
public enum AsyncMode: HookMode { public static let kind = HookKind.async }
/// See ``HookKind/syncWaterfall``.
public enum SyncWaterfallMode: HookMode { public static let kind = HookKind.syncWaterfall }
/// See ``HookKind/asyncWaterfall``.
public enum AsyncWaterfallMode: HookMode { public static let kind = HookKind.asyncWaterfall }

/// What all declarations have in common, for those that render or check them.
public protocol HookDeclaration: Sendable {
    /// The name, which is the key in a plugin's table.
    var name: String { get }
    /// The part of the host it belongs to.
    var group: HookGroup { get }
    /// How listeners are called and how their results combine.
    var kind: HookKind { get }
    /// One sentence that says when it is emitted.
    var summary: String { get }
    /// What a listener's result does, in a few words.
    var result: String { get }
    /// When it is called in a tenant, and what its result changes there.
    var tenancy: HookTenancy { get }
    /// In which versions it is there.
    var availability: Availability { get }
    /// The argument table: key, type, sentence, whether a listener may replace it, and what of it is a tenant's.
    var fieldReference: [HookFieldReference] { get }
}

/// What the reference says of an argument.
public struct HookFieldReference: Sendable {
    /// The key in the argument table.
    public let name: String
    /// The type in the notation of the Lua language server.
    public let luaType: String
    /// One sentence that says what it holds.
    public let summary: String
    /// Whether a listener's result can replace it.
    public let isOpen: Bool
    /// What a tenant's plugin sees of it.
    public let sees: TenantSight
    /// What a tenant's plugin changes by replacing it.
    public let changes: TenantChange
    /// In which versions it is there.
    public let availability: Availability

    /// The same in words.
    var tenant: (sees: String, changes: String) { (sees.reference, changes.reference) }
}

/// What a host needs of a declaration besides: where its listeners are kept.
protocol DeclaredHook: HookDeclaration {
    /// The place of its listeners among those of all hooks.
    var index: Int { get }
    /// What a filter can ask for, by the key it is written under.
    var filterKeys: [String: HookFilter.Key] { get }
    /// The arguments that go.
    var deprecatedFields: [String: Deprecation] { get }
    func makeTapList() -> any AnyTapList
}

/// The hooks that there are, in the order of their declarations and by name.
struct HookTable: Sendable {
    let all: [any DeclaredHook]
    let named: [String: any DeclaredHook]

    init(_ hooks: [any DeclaredHook]) {
        all = hooks
        named = Dictionary(uniqueKeysWithValues: hooks.map { ($0.name, $0) })
    }

    /// The names, in the order of the declarations.
    var names: [String] { all.map(\.name) }
}

/// The hooks in the order in which they were declared.
let declaredHooks = Mutex<[any DeclaredHook]>([])

/// What a hook *is*: declared once in ``Lifecycle``; who listens is the business of a ``HookBus``.
///
/// The type asks nothing of its parameters, only making one does: the first use of a generic type looks for each
/// conformance that it asks for among all that the program has, and with a type for each hook that took a host's start
/// about 2 ms.
public final class Hook<Arguments: Sendable, Mode: Sendable>: DeclaredHook {
    /// The name, which is the key in a plugin's table.
    public let name: String
    /// The part of the host it belongs to.
    public let group: HookGroup
    /// How listeners are called and how their results combine.
    public let kind: HookKind
    /// One sentence that says when it is emitted.
    public let summary: String
    /// What a listener's result does, in a few words.
    public let result: String
    /// When it is emitted to a tenant's plugins, and what their results change.
    public let tenancy: HookTenancy
    /// In which versions it is there.
    public let availability: Availability
    let index: Int
    let deprecatedFields: [String: Deprecation]
    private let definition: HookDefinition<Arguments>

    init(
        _ name: String, _ group: HookGroup, _ summary: String, result: String = "ignored",
        tenancy: HookTenancy = .ignored, availability: Availability = Availability()
    ) where Arguments: HookArguments, Mode: HookMode {
        (self.name, self.group, self.summary, self.result) = (name, group, summary, result)
        (self.tenancy, self.availability) = (tenancy, availability)
        kind = Mode.kind
        definition = HookDefinition(name, Mode.kind, fields: Arguments.luaFields, tenancy: tenancy) { $0.subject }
        deprecatedFields = Arguments.luaFields.reduce(into: [:]) { $0[$1.name] = $1.availability.deprecated }
        index = declaredHooks.withLock(\.count)
        declaredHooks.withLock { $0.append(self) }
    }

    var filterKeys: [String: HookFilter.Key] { HookFilter.keys(of: definition.fields) }

    /// The argument table as the reference lists it.
    public var fieldReference: [HookFieldReference] {
        definition.fields.map {
            HookFieldReference(
                name: $0.name, luaType: $0.luaType, summary: $0.summary, isOpen: $0.set != nil, sees: $0.sees,
                changes: $0.changes, availability: $0.availability)
        }
    }

    func makeTapList() -> any AnyTapList {
        TapList(definition)
    }
}

/// A hook whose listeners run one after another without waiting.
public typealias SyncHook<A: HookArguments> = Hook<A, SyncMode>
/// A hook whose listeners run one after another and can wait.
public typealias AsyncHook<A: HookArguments> = Hook<A, AsyncMode>
/// A hook in which each listener receives the arguments that the previous one returned.
public typealias SyncWaterfallHook<A: HookArguments> = Hook<A, SyncWaterfallMode>
/// A waterfall hook whose listeners can wait.
public typealias AsyncWaterfallHook<A: HookArguments> = Hook<A, AsyncWaterfallMode>
