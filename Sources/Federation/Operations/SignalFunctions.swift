import Diagnostics
import EventLoops
import LuaBridge
import Posix

extension Operations {
    /// `mf.on`, `mf.onShutdown` and `mf.watch`.
    static let signalFunctions = [
        Function(
            name: "on", signature: "fun(signal: string|integer, f: fun(signal: string)): mf.Handle",
            summary: """
                Calls a function when the process gets a signal, in place of what the signal did; it may wait. The process goes \
                on until the handle is cancelled.
                """
        ) { operations in
            LuaCallable("on") { call in
                if call[0].isNothing { throw call.mismatch(0, "the name of a signal") }
                let signal = try call.signal(0)
                let name = SignalName.name(of: signal)
                if let reason = unheard[name] {
                    throw MFError.badArgument(1, of: "on", "`\(name)` cannot be handled: \(reason)")
                }
                return [.object(try operations.handle(signal, name, try call.function(1)))]
            }
        },
        Function(
            name: "onShutdown", signature: "fun(f: fun(), options?: mf.ShutdownOptions): mf.Handle",
            summary: """
                Calls a function when the host ends, by SIGTERM, Ctrl-C or because nothing is left to do; it may wait. The last \
                one registered comes first; tasks go on meanwhile.
                """
        ) { operations in
            LuaCallable("onShutdown") { call in
                let function = try call.function(0)
                let timeout = try shutdownOptions.read(call, 1)["timeout"].time ?? .seconds(10)
                let facilities = operations.facilities
                let number = facilities.addShutdownHandler(function, timeout: timeout)
                return [
                    .object(
                        HandleView("onShutdown", in: operations, keepsAwake: false) {
                            facilities.removeShutdownHandler(number)
                        })
                ]
            }
        },
        Function(
            name: "watch", signature: "fun(path: string, f: fun(paths: string[])): mf.Handle",
            summary: """
                Calls a function with the paths of files that have changed: of a file, there or not, or of all below a folder. \
                Calls come one after another; the process goes on until the handle is cancelled.
                """
        ) { operations in
            LuaCallable("watch") { call in
                let path = try call.path(0)
                return [.object(try operations.watch(path, try call.function(1)))]
            }
        },
    ]

    /// What `mf.onShutdown` takes besides.
    static let shutdownOptions = OptionTable([
        .init("timeout", .time, "How long it may take; 10 s if absent.")
    ])

    /// Signals that a script cannot have, and why.
    private static let unheard = [
        "SIGKILL": "the system allows no handler", "SIGSTOP": "the system allows no handler",
        "SIGURG": "mflua stops code with it", "SIGSEGV": "it tells of a fault in the process",
        "SIGBUS": "it tells of a fault in the process", "SIGFPE": "it tells of a fault in the process",
        "SIGILL": "it tells of a fault in the process", "SIGABRT": "it tells of a fault in the process",
        "SIGTRAP": "it tells of a fault in the process", "SIGSYS": "it tells of a fault in the process",
    ]

    private func handle(_ signal: Int32, _ name: String, _ function: LuaFunction) throws -> HandleView {
        let title = "handler of \(name)" + (function.place.map { " (\($0))" } ?? "")
        let watch = try loop.onSignal(signal, isBackground: false) { _ = call(title, function, [.string(name)]) }
        let hangUps = name == "SIGHUP" ? 1 : 0
        facilities.hangUpHandlers += hangUps
        return HandleView(name, in: self, keepsAwake: true) { [loop, facilities] in
            loop.removeSignal(watch)
            facilities.hangUpHandlers -= hangUps
        }
    }

    private func watch(_ path: String, _ function: LuaFunction) throws -> HandleView {
        guard let watchPath = facilities.watchPath else {
            throw MFError(
                .watchFailed, "files cannot be watched in this program",
                hint: "the program that embeds mflua has to start a `HotReloader`")
        }
        let title = "watch of `\(path)`" + (function.place.map { " (\($0))" } ?? "")
        let reports = Reports { paths, done in
            _ = call(title, function, [.array(paths.sorted().map { .string($0) })]) { _ in done() }
        }
        let watching = try watchPath(path) { reports.add($0) }
        return HandleView(path, in: self, keepsAwake: true) { watching.close() }
    }
}

/// What has changed while a function still looks at what changed before.
private final class Reports: @unchecked Sendable {
    // Reports come from a watcher and calls end on one loop.
    private var paths: Set<String> = []
    private var isCalling = false
    private let call: (Set<String>, @escaping @Sendable () -> Void) -> Void

    init(_ call: @escaping (Set<String>, @escaping @Sendable () -> Void) -> Void) { self.call = call }

    func add(_ more: [String]) {
        paths.formUnion(more)
        next()
    }

    private func next() {
        guard !isCalling, !paths.isEmpty else { return }
        isCalling = true
        let changed = paths
        paths = []
        call(changed) { [self] in
            isCalling = false
            next()
        }
    }
}

extension LuaCall {
    /// A path that the system takes.
    ///
    /// - Throws: ``MFError`` with `LUA-009`.
    func path(_ index: Int) throws -> String {
        let path = try string(index)
        if path.isEmpty || path.utf8.contains(0) {
            throw MFError.badArgument(
                index + 1, of: name, path.isEmpty ? "the path is empty" : "the path contains a zero byte")
        }
        return path
    }
}
