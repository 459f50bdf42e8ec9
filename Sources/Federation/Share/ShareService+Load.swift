import Diagnostics
import EventLoops
import Logging
import LuaBridge
import OrderedCollections
import Semver

/// What a caller adds to `loadShare` and `loadShareSync`.
struct LoadShareOptions: Sendable {
    /// Fields that go before those of the host's own entry.
    var customShareInfo: LuaValue = .nil
    /// Picks one of the host's own entries.
    var resolver: LuaValue = .nil
    /// `runtime` or `build`.
    var from = "runtime"
}

extension ShareService {
    /// Gets a shared module's factory, or false where `customShareInfo` found nothing.
    func loadShare(_ package: String, _ loadOptions: LoadShareOptions) async throws -> LuaValue {
        try await bounded { try await load(share: package, loadOptions) }
    }

    private func load(share package: String, _ loadOptions: LoadShareOptions) async throws -> LuaValue {
        var shareInfo = LuaValue.nil
        do {
            let asked = try shareOptions(package, loadOptions)
            shareInfo = .object(asked)
            if asked.isKnown {
                let running = asked.scopeNames.flatMap { initializeSharing($0, strategy: asked.strategy) }
                for task in running { try await task.value }
            }
            let arguments = try await hooks.emit(
                lifecycle.beforeLoadShare, BeforeLoadShare(pkgName: package, shareInfo: asked, context: context))
            shareInfo = arguments.shareInfo.map { .object($0) } ?? arguments.refusal
            guard let wanted = arguments.shareInfo else { throw MFError.shareNotFound(package, host: options) }
            let fromHook = try await hooks.emit(
                lifecycle.loadShare, LoadShare(pkgName: package, shareInfo: wanted, context: context))
            if fromHook.isCallable {
                afterLoadShare(package, wanted, selected: wanted, sync: false)
                return fromHook
            }
            if let chosen = try ShareResolver(context: context, package: package, shareInfo: wanted).resolve() {
                let factory = try await factory(of: chosen, package: package)
                afterLoadShare(package, wanted, selected: chosen, sync: false)
                return factory
            }
            if loadOptions.customShareInfo.isTruthy {
                errorLoadShare(package, .object(wanted), sync: false, error: nil, recovered: true)
                return .boolean(false)
            }
            guard wanted.get.isCallable else { throw MFError.shareNotFound(package, host: options) }
            let factory = try await ownFactory(of: wanted, package: package)
            afterLoadShare(package, wanted, selected: wanted, sync: false)
            return factory
        } catch let error where !(error is CancellationError) {
            errorLoadShare(package, shareInfo, sync: false, error: error)
            throw error
        }
    }

    /// Counts the loads of a package that its own `lib` makes in a row: the factory is called by Lua, and a tail call of it
    /// would go round without end and without a stack that grows. At the very beginning of a call from Lua.
    ///
    /// - Throws: ``MFError`` with `LOAD-002` after ``Activity/listenerLimit`` in a row.
    func expectNoRepetition(of package: String, waiting: Bool) throws {
        var libs = (options.shared[package]?.elements ?? []).map(\.lib)
        for scope in shareScopeMap.values { libs += (scope[package]?.values ?? []).map(\.lib) }
        guard libs.contains(where: { lib in lib.functionValue.map { state.isCalling($0, waiting: waiting) } ?? false })
        else {
            if !context.ownLoads.isEmpty { context.ownLoads[package] = nil }
            return
        }
        context.ownLoads[package, default: 0] += 1
        guard context.ownLoads[package, default: 0] > Activity.listenerLimit else { return }
        context.ownLoads[package] = nil
        throw MFError.shareLoadsItself(package, host: name)
    }

    /// The factory of an entry of the scope: at hand, on its way, or to be got.
    private func factory(of entry: SharedModule, package: String) async throws -> LuaValue {
        if entry.lib.isCallable {
            entry.addUser(name)
            return entry.lib
        }
        if entry.loaded != true, let load = try loading(of: entry, package: package) {
            let factory = try await load.value
            entry.loaded = true
            if !entry.lib.isCallable { entry.lib = factory }
            entry.addUser(name)
            return factory
        }
        return try await load(entry, package: package) { [self] in
            let factory = try await state.invoke(entry.get, [])
            entry.addUser(name)
            entry.loaded = true
            entry.lib = factory
            return factory
        }
    }

    /// The factory of the host's own entry, which the scope has no match for.
    private func ownFactory(of wanted: SharedModule, package: String) async throws -> LuaValue {
        try await load(wanted, package: package) { [self] in
            let factory = try await state.invoke(wanted.get, [])
            wanted.lib = factory
            wanted.loaded = true
            wanted.addUser(name)
            if let registered = try ShareResolver(context: context, package: package, shareInfo: wanted).resolve() {
                registered.lib = factory
                registered.loaded = true
                registered.from = wanted.from
            }
            return factory
        }
    }

    /// Runs a load that others can join; a failed one is forgotten.
    private func load(
        _ entry: SharedModule, package: String, _ body: @escaping @Sendable () async throws -> LuaValue
    ) async throws -> LuaValue {
        let load = ShareLoading(SingleFlight(on: loop, activity(of: entry, package: package), body))
        offer(package, entry, from: name, lib: .nil, loading: .object(load), loaded: false)
        do {
            return try await load.flight.value
        } catch {
            for scope in entry.scopeNames {
                guard let registered = shareScopeMap[scope]?[package]?[entry.version ?? "0"] else { continue }
                if registered.loading == .object(load) { registered.loading = .nil }
            }
            throw error
        }
    }

    private func activity(of entry: SharedModule, package: String) -> Activity {
        let share = "share `\(package)`"
        let identity = "\(share) \(entry.version ?? "0") \(entry.from ?? "")"
        return Activity(share, key: Activity.Key(identity, of: context))
    }

    /// A load that is under way: ours, or a function that a plugin put there.
    private func loading(of entry: SharedModule, package: String) throws -> SingleFlight<LuaValue>? {
        switch entry.loading {
        case .object(let object): return (object as? ShareLoading)?.flight
        case .function, .callable:
            let function = entry.loading
            return SingleFlight(on: loop, Activity("share `\(package)`")) { [self] in
                try await state.invoke(function, [])
            }
        default: return nil
        }
    }

    /// Gets a shared module's factory without waiting.
    func loadShareSync(_ package: String, _ loadOptions: LoadShareOptions = LoadShareOptions()) throws -> LuaValue {
        try boundedNow { try loadNow(share: package, loadOptions) }
    }

    private func loadNow(share package: String, _ loadOptions: LoadShareOptions) throws -> LuaValue {
        var shareInfo = LuaValue.nil
        do {
            let wanted = try shareOptions(package, loadOptions)
            shareInfo = .object(wanted)
            if wanted.isKnown {
                for scope in wanted.scopeNames { _ = initializeSharing(scope, strategy: wanted.strategy) }
            }
            let (factory, selected) = try factoryNow(of: wanted, package: package, from: loadOptions.from)
            afterLoadShare(package, wanted, selected: selected, sync: true)
            return factory
        } catch {
            errorLoadShare(package, shareInfo, sync: true, error: error)
            throw error
        }
    }

    private func factoryNow(
        of wanted: SharedModule, package: String, from: String
    ) throws -> (LuaValue, SharedModule) {
        if let chosen = try ShareResolver(context: context, package: package, shareInfo: wanted).resolve() {
            if chosen.lib.isCallable {
                chosen.addUser(name)
                if chosen.loaded != true {
                    chosen.loaded = true
                    if chosen.from == name { wanted.loaded = true }
                }
                return (chosen.lib, chosen)
            }
            if chosen.get.isCallable, let factory = try make(chosen, package: package) {
                chosen.addUser(name)
                offer(package, chosen, from: name, lib: factory, loaded: true)
                return (factory, chosen)
            }
        }
        if wanted.lib.isCallable {
            wanted.loaded = true
            return (wanted.lib, wanted)
        }
        guard wanted.get.isCallable, let factory = try make(wanted, package: package) else {
            throw MFError.shareNotSynchronous(package, host: options, from: wanted.get.isCallable ? from : "runtime")
        }
        wanted.lib = factory
        offer(package, wanted, from: name, lib: factory, loaded: true)
        return (factory, wanted)
    }

    /// Calls the `get` of an entry, unless it has to wait.
    ///
    /// - Throws: what it raises; ``MFError`` with `LOAD-001` when it is called for itself, `RUNTIME-006` when the entry is a
    ///   singleton that somebody else is making.
    private func make(_ entry: SharedModule, package: String) throws -> LuaValue? {
        try activity(of: entry, package: package).runNow {
            if entry.requirement?.singleton == true, entry.loaded != true, entry.isLoading {
                throw MFError.shareBeingMade(package, host: options)
            }
            return try state.invokeWithoutWaiting(entry.get)
        }
    }

    /// The host's own entry with what the caller adds: a copy, with the host's own nested tables.
    private func shareOptions(_ package: String, _ loadOptions: LoadShareOptions) throws -> SharedModule {
        let entries = options.shared[package]
        var own: SharedModule?
        if loadOptions.resolver.isCallable {
            let value = try state.invokeNow(loadOptions.resolver, [.optional(entries)])
            guard !value.isTruthy || value.isTable else { throw MFError.resolvedToNoShare(value, package: package) }
            own = value.isTruthy ? try SharedModule.fromLua(value) : nil
        } else if let entries {
            let versions = entries.elements.map { (key: $0.version ?? "0", value: $0) }
            let best = ShareResolver.best(of: versions) { old, oldVersion, _, newVersion in
                !(old?.isLoaded ?? false) && Version.isAtMost(oldVersion, newVersion)
            }
            own = versions.last { $0.key == best }?.value
        }
        let merged = own?.copied() ?? SharedModule()
        if loadOptions.customShareInfo.isTruthy {
            let custom = try SharedModule.fromLua(loadOptions.customShareInfo)
            merged.merge(custom)
        }
        return merged
    }
}

extension MFError {
    /// The option `resolver` of `loadShare` returned something else than an entry.
    fileprivate static func resolvedToNoShare(_ found: LuaValue, package: String) -> MFError {
        MFError(
            .badArgument,
            "the `resolver` for share `\(package)` returned \(found.mismatchDescription), not a shared module",
            context: [("package", package)],
            hint: "return one of the entries that it is called with, or nothing for none of them")
    }

    /// The `lib` of a shared module loads that module, whose `lib` is called again.
    fileprivate static func shareLoadsItself(_ package: String, host: String) -> MFError {
        MFError(
            .listenersTooDeep,
            "the `lib` of share `\(package)` repeatedly loads `\(package)`, \(Activity.listenerLimit) times in a row",
            context: [("package", package), ("host", host)],
            hint: "return the module itself from `lib`: it is what `loadShare` ends with")
    }
}

/// A load of a shared module that several may wait for; plugins see that it is there.
final class ShareLoading: LuaObject {
    // Immutable.
    let flight: SingleFlight<LuaValue>
    init(_ flight: SingleFlight<LuaValue>) { self.flight = flight }
    static let luaTypeName = "mf.Loading"
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }
}

extension SharedModule {
    /// Whether it says anything at all: an entry of the host, or what a caller added.
    var isKnown: Bool { !scope.isNil }

    /// Takes over what another entry says; the requirements are merged field by field.
    func merge(_ other: SharedModule) {
        version = other.version ?? version
        from = other.from ?? from
        if !other.scope.isNil { scope = other.scope }
        strategy = other.strategy ?? strategy
        eager = other.eager ?? eager
        useIn = other.useIn ?? useIn
        if !other.lib.isNil { lib = other.lib }
        if !other.get.isNil { get = other.get }
        loaded = other.loaded ?? loaded
        if !other.loading.isNil { loading = other.loading }
        extra.merge(other.extra) { $1 }
        guard let asked = other.requirement else { return }
        guard let own = requirement else {
            requirement = asked
            return
        }
        let merged = ShareRequirement(
            singleton: asked.singleton ?? own.singleton, requiredVersion: asked.requiredVersion ?? own.requiredVersion,
            strictVersion: asked.strictVersion ?? own.strictVersion, eager: asked.eager ?? own.eager)
        merged.extra = own.extra.merging(asked.extra) { $1 }
        requirement = merged
    }
}

// MARK: - Observers

extension ShareService {
    private func afterLoadShare(_ package: String, _ shareInfo: SharedModule, selected: SharedModule, sync: Bool) {
        observing {
            try hooks.emit(
                lifecycle.afterLoadShare,
                AfterLoadShare(
                    pkgName: package, shareInfo: shareInfo, selectedShared: selected,
                    lifecycle: sync ? "loadShareSync" : "loadShare", context: context))
        }
    }

    private func errorLoadShare(
        _ package: String, _ shareInfo: LuaValue, sync: Bool, error: (any Error)?, recovered: Bool = false
    ) {
        observing {
            try hooks.emit(
                lifecycle.errorLoadShare,
                ErrorLoadShare(
                    pkgName: package, shareInfo: shareInfo, lifecycle: sync ? "loadShareSync" : "loadShare",
                    error: error, recovered: recovered, context: context))
        }
    }

    /// Observers' throws are logged and change nothing.
    private func observing(_ body: () throws -> LuaValue) {
        do { _ = try body() } catch { log.warning("\(MFError.text(of: error))") }
    }
}
