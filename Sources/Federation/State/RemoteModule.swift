import Diagnostics
import EventLoops
import OrderedCollections
public import LuaBridge

/// A remote as one host has loaded it: its container, and whether that is initialised.
///
/// Module Federation calls it a module; it is what `moduleInstance` and `moduleCache` show.
public final class RemoteModule: LuaObject, LuaConvertible, @unchecked Sendable {
    // `owner` checks the thread of what is public; the rest is called by the loads of `context`, on its loop.

    /// The remote with every default filled in.
    public internal(set) var remoteInfo: ResolvedRemote {
        get {
            owner.check("RemoteModule")
            return info
        }
        set { info = newValue }
    }
    private var info: ResolvedRemote
    private let owner = LoopOwner()
    unowned let context: HostContext
    /// Whether its container has joined the share scopes.
    var isInitialized = false
    var isInitializing = false
    /// The initialisation that is under way.
    var initialization: SingleFlight<Void>?
    var container: Container? {
        didSet {
            guard container !== oldValue else { return }
            container?.beginUse()
            if isReleased { container?.endUse() } else { oldValue?.endUse() }
        }
    }
    /// How many loads of its exposes are under way.
    private var loads = 0
    /// Whether no request finds it any more, and whether it has let go of its container since.
    private var isRetired = false
    private var isReleased = false
    private var lastActions: [() -> Void] = []
    /// 1 for the version that was loaded first, one more for each that took its place.
    var generation = 1

    init(_ context: HostContext, remoteInfo: ResolvedRemote) {
        (self.context, info) = (context, remoteInfo)
    }

    /// Whether it is what its host gives for the remote.
    var isCurrent: Bool { context.moduleCache[remoteInfo.name] === self }

    // MARK: - Loads under way

    /// Notes that a load of one of its exposes begins.
    func beginLoad() { loads += 1 }

    /// Undoes ``beginLoad()``.
    func endLoad() {
        loads -= 1
        releaseIfUnused()
    }

    /// Lets go of its container as soon as no load is under way: no request finds it any more.
    func retire() {
        isRetired = true
        releaseIfUnused()
    }

    /// Runs an action once no load is under way.
    func afterLoads(_ action: @escaping () -> Void) {
        if loads == 0 { action() } else { lastActions.append(action) }
    }

    private func releaseIfUnused() {
        if loads == 0, !lastActions.isEmpty {
            let actions = lastActions
            lastActions = []
            for action in actions { action() }
        }
        guard isRetired, loads == 0, !isReleased else { return }
        isReleased = true
        container?.endUse()
    }

    // MARK: - In Lua

    public static let luaTypeName = "mf.Module"
    public var luaDescription: String { "mf.Module(\(remoteInfo.name))" }
    public var luaKeys: [LuaKey] { ["remoteInfo", "inited", "initing", "remoteEntryExports"].map { .string($0) } }

    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        owner.check("RemoteModule")
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "remoteInfo": return .object(remoteInfo)
        case "inited": return .boolean(isInitialized)
        case "initing": return .boolean(isInitializing)
        case "remoteEntryExports", "lib": return container?.value ?? .nil
        case "host": return .object(context)
        default: return .nil
        }
    }

    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        owner.check("RemoteModule")
        switch key {
        case .string("remoteInfo"): remoteInfo = try Remote.fromLua(value)
        case .string("remoteEntryExports"):
            container = value.isNil ? nil : try Container(value, state: context.registry.state)
        case .string(let name): throw MFError.readOnlyField(name, of: Self.luaTypeName)
        default: throw MFError.wrongType(expected: "a field of mf.Module", found: value)
        }
    }
}

extension Remote {
    /// What the requests end on that are under way while the remote is removed or replaced.
    var lastModule: RemoteModule? {
        get { withdrawnModule as? RemoteModule }
        set { withdrawnModule = newValue }
    }
}
