import Diagnostics
import LuaBridge
import OrderedCollections

/// Turns what users write under `shared` into entries with every default filled in.
enum SharedModuleNormalizer {
    /// The shared modules of `userOptions`, alone and together with those that are there already.
    ///
    /// A version that is there already is kept; new versions join the lists that are there.
    static func merge(
        _ userOptions: HostOptions, into soFar: SharedModules
    ) -> (new: [(package: String, entries: [SharedModule])], all: SharedModules) {
        let from = userOptions.name
        let new = userOptions.shared.pairs.map { package, shares in
            (
                package: package,
                entries: shares.elements.map {
                    complete($0, package: package, from: from, strategy: userOptions.shareStrategy)
                }
            )
        }
        let all = SharedModules(soFar.pairs)
        for (package, entries) in new {
            guard let known = all[package] else {
                all[package] = LiveList(entries)
                continue
            }
            for entry in entries where !known.elements.contains(where: { $0.version == entry.version }) {
                known.append(entry)
            }
        }
        return (new, all)
    }

    /// An entry with every default filled in.
    static func complete(_ share: SharedModule, package: String, from: String, strategy: String?) -> SharedModule {
        let entry = share.copied()
        let requirement = ShareRequirement(
            singleton: share.requirement?.singleton ?? false,
            requiredVersion: share.requirement?.requiredVersion ?? share.version.map { .range("^\($0)") } ?? .any,
            strictVersion: share.requirement?.strictVersion ?? false, eager: share.requirement?.eager ?? false)
        requirement.extra = share.requirement?.extra ?? [:]
        entry.requirement = requirement
        entry.from = share.from ?? (from.isEmpty ? nil : from)
        entry.useIn = share.useIn ?? LiveList([])
        if share.extra["deps"] == nil { entry.extra["deps"] = .array([]) }
        entry.loaded = share.loaded == true || share.lib.isCallable ? true : nil
        entry.version = share.version ?? "0"
        entry.scope = .array(share.scopeNames.map { .string($0) })
        entry.strategy = share.strategy ?? strategy ?? ShareStrategy.versionFirst
        if !entry.get.isCallable { entry.get = getter(of: share.lib, package: package, from: entry.from ?? from) }
        return entry
    }

    /// The `get` of an entry that was given without one. It is asynchronous, as Module Federation's is.
    private static func getter(of lib: LuaValue, package: String, from: String) -> LuaValue {
        .callable(
            LuaCallable(async: "get") { _ in
                if lib.isCallable { return [lib] }
                return [.callable(LuaCallable(package) { _ in throw MFError.shareNotProvided(package, from: from) })]
            })
    }
}

/// How a version of a shared module is chosen.
enum ShareStrategy {
    /// The highest version, once all remotes of the scope were asked; the default.
    static let versionFirst = "version-first"
    /// A version that is loaded already goes before a higher one.
    static let loadedFirst = "loaded-first"
}

extension MFError {
    /// A shared module with neither `lib` nor `get`.
    static func shareNotProvided(_ package: String, from host: String) -> MFError {
        MFError(
            .shareNotProvided, "Cannot get shared \"\(package)\" from \"\(host)\": it has neither `get` nor `lib`",
            context: [("package", package), ("host", host)],
            hint: "add `lib = function() return require(\"\(package)\") end` to its entry in `shared`")
    }

    /// A package that is not in the host's `shared`.
    static func shareNotFound(_ package: String, host: HostOptions) -> MFError {
        MFError(
            .shareNotFound, "Cannot find shared \"\(package)\" in host \"\(host.name)\"",
            context: [("package", package), ("host", host.name)],
            hint: package.closestMatch(in: host.shared.keys).map { "did you mean `\($0)`?" }
                ?? "declare it: `shared = { [\"\(package)\"] = { version = \"1.0.0\", lib = function() … end } }`")
    }

    /// `loadShareSync` of a module that is not there yet.
    static func shareNotSynchronous(_ package: String, host: HostOptions, from: String) -> MFError {
        let code = from == "build" ? MFError.Code.shareSyncFailed : .shareSyncAsyncGet
        guard host.shared[package] != nil else {
            let unknown = shareNotFound(package, host: host)
            return MFError(
                code, unknown.message, context: unknown.context.map { ($0.key, $0.value) }, hint: unknown.hint)
        }
        return MFError(
            code, "shared `\(package)` of host `\(host.name)` is not available synchronously: its `get` waits",
            context: [("package", package), ("host", host.name)],
            hint: "call `loadShare`, or give the entry a `lib` or a `get` that returns without waiting")
    }

    /// It is there soon, and only once.
    static func shareBeingMade(_ package: String, host: HostOptions) -> MFError {
        MFError(
            .shareSyncAsyncGet,
            "shared `\(package)` of host `\(host.name)` is not available synchronously: it is still being created",
            context: [("package", package), ("host", host.name)], hint: "call `loadShare`, which waits for it")
    }

    /// A singleton's version does not satisfy a strict requirement.
    static func singletonMismatch(
        _ package: String, version: String, from: String?, requirement: String, consumer: String?
    ) -> MFError {
        MFError(
            .shareMismatch,
            "Version \(version) from \(from ?? "?") of shared singleton module \(package) does not satisfy the "
                + "requirement of \(consumer ?? "?") which needs \(requirement)",
            context: [
                ("package", package), ("version", version), ("from", from), ("requirement", requirement),
                ("consumer", consumer),
            ],
            hint: "widen `requiredVersion`, or omit `strictVersion` to get a warning instead")
    }
}
