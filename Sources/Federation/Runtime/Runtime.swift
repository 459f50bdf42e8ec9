public import Diagnostics
public import EventLoops
public import Fetch
public import LuaBridge
public import Logging

/// How a ``Runtime`` is made.
public struct RuntimeConfiguration: Sendable {
    /// Where bytes come from; libcurl where nothing is named.
    public var fetcher: (any Fetcher)?
    /// The loop to run on; a new one with its own thread where nothing is named.
    public var loop: EventLoop?
    /// The least severe messages that are logged: `debug`, `info`, `notice` (what tenants print), `warning`, `error`.
    public var logLevel: String
    /// Whether plugin files, and servers that remotes come from, are watched, whatever `mf.init` says.
    public var watchesFiles: Bool
    /// Where messages go; the process's log where nothing is named.
    public var logger: Logger?
    /// What is told of errors that nobody waits for: those of spawned tasks. The log where nothing is named.
    public var onUnhandledError: (@Sendable (MFError) -> Void)?
    /// Whether `LUA_PATH` and `LUA_CPATH` are passed over, as `lua -E` does it.
    public var ignoresEnvironment = false
    /// How long a plugin's file may run while it is loaded anew, and each step of the hand-over.
    public var reloadTime = Duration.seconds(2)
    /// The folder in which stores are kept; what `MFLUA_STATE` or the system names where nothing is named.
    public var stateFolder: String?
    /// Whether ``Runtime/run(script:name:arguments:scriptName:deadline:)`` and ``Runtime/waitUntilIdle()`` fail with
    /// `LOAD-003` when nothing is left that could end their wait. For programs that hand a runtime no work from outside.
    public var failsWithNothingLeft = false

    /// The plugins that no host attaches, by name, by the name of their file, or by its path: what `MFLUA_DISABLE` lists.
    public var disabledPlugins: [String] = []
    /// Whether hosts attach only plugins whose entry says `required = true`: `mflua --safe`.
    public var attachesOnlyRequiredPlugins = false
    /// Told, on the loop, of each listed plugin: what it can be disabled by, and its name as far as it is known.
    package var onListedPlugin: (@Sendable (_ key: String, _ name: String) -> Void)?

    /// Describes a runtime.
    public init(
        fetcher: (any Fetcher)? = nil, loop: EventLoop? = nil, logLevel: String = "notice", watchesFiles: Bool = false,
        logger: Logger? = nil, onUnhandledError: (@Sendable (MFError) -> Void)? = nil
    ) {
        (self.fetcher, self.loop, self.logLevel, self.watchesFiles) = (fetcher, loop, logLevel, watchesFiles)
        self.logger = logger
        self.onUnhandledError = onUnhandledError
    }
}

/// One event loop on its thread, the main Lua state, the tenants' states, and any number of hosts.
///
/// ```swift
/// let runtime = try Runtime()
/// try await runtime.run(script: source, name: "@host.lua", arguments: [], scriptName: "host.lua")
/// try await runtime.waitUntilIdle()
/// await runtime.shutdown()
/// ```
///
/// The functions may be called from any thread. More cores are used by making more runtimes.
public final class Runtime: @unchecked Sendable {
    // Constants, but for `isExiting`, which `os.exit` sets and scripts read, both on the loop.

    /// The thread everything of this runtime happens on.
    public let loop: EventLoop
    /// The main Lua state: the host's own code, its plugins, and remotes that run in no tenant.
    public let state: LuaState
    /// Where bytes come from.
    public let fetcher: any Fetcher
    let configuration: RuntimeConfiguration
    let registry: FederationRegistry
    let work: KeepAlive
    /// The scripts that run.
    let scripts: KeepAlive
    /// Whether `os.exit` is ending the process.
    @exclusivity(unchecked)
    var isExiting = false
    /// The tasks of the main state.
    let tasks: TaskRunner
    /// What scripts have asked for of the system.
    let facilities: Facilities
    let log: Logger
    private let ownsLoop: Bool

    /// Starts a runtime: its loop, its Lua state, the library `mf`.
    ///
    /// - Throws: ``MFError`` with `LUA-003` when there is not enough memory, `RUNTIME-016` when there are no descriptors or
    ///   threads left.
    public init(configuration: RuntimeConfiguration = RuntimeConfiguration()) throws {
        self.configuration = configuration
        ownsLoop = configuration.loop == nil
        let loop = try configuration.loop ?? EventLoop.start()
        self.loop = loop
        fetcher = configuration.fetcher ?? CurlFetcher(loop: loop)
        var log = configuration.logger ?? Logger(label: "mflua")
        log.logLevel = Logger.Level(rawValue: configuration.logLevel) ?? .notice
        self.log = log
        work = KeepAlive(loop: loop)
        scripts = KeepAlive(loop: loop)
        tasks = TaskRunner(loop: loop)
        facilities = Facilities(loop: loop, log: log)
        state = try loop.runAndWait {
            try LuaState(loop: loop, configuration: .host(ignoringEnvironment: configuration.ignoresEnvironment))
        }
        // On the loop: made on the thread of another one, what it holds would belong to that.
        registry = try loop.runAndWait { [state, fetcher, log, tasks] in
            FederationRegistry(
                state: state, fetcher: fetcher, log: log, tasks: tasks, watchesFiles: configuration.watchesFiles,
                reloadTime: configuration.reloadTime, stateFolder: configuration.stateFolder,
                selection: PluginSelection(
                    disabled: configuration.disabledPlugins, isSafe: configuration.attachesOnlyRequiredPlugins,
                    onPlugin: configuration.onListedPlugin))
        }
        registry.owner = self
        try loop.runAndWait { [self] in try start() }
    }

    private func start() throws {
        tasks.work = work
        // Neither may refer to the runtime weakly: that makes each of its references slower to count.
        tasks.report = { [configuration, log] in Self.report(unhandled: $0, configuration, log) }
        tasks.collectsGarbage = true
        try installExit()
        // Not weak, as `tasks.report`: the store is asked by the runtime's own plugins alone.
        registry.environments.remoteFunctions = { [unowned self] owner in
            var record = operations { owner }.record
            record.append("fetch", .callable(MFLibrary.fetch(self, for: .others)))
            record.append(
                "createInstance",
                .callable(
                    afterCommands("createInstance") { [unowned self] call in
                        let host = try makeHost(try HostOptions.read(call, for: nil))
                        if host.ownership == nil {
                            let leave = { [weak host] in host?.leave() ?? () }
                            host.ownership = (owner, owner.own(retiring: leave, leave))
                        }
                        return [.object(host)]
                    }))
            return MFLibrary.telling(record, by: nil, to: registry)
        }
        registry.environments.pluginFunctions = { [unowned self] in PluginLibrary.functions(for: $0, of: $1, self) }
        try registry.environments.start()
        try installLibrary()
    }

    /// Makes a host.
    ///
    /// - Parameter options: Its name, remotes and shared modules.
    /// - Parameter plugins: Swift plugins; Lua plugins are named in a script or registered later.
    /// - Throws: ``MFError`` with `LUA-012` for options that cannot be, such as an unknown `shareStrategy` or a remote
    ///   whose tenant is not declared; what a hook of initialisation throws.
    public func createHost(_ options: HostOptions, plugins: [Plugin] = []) async throws -> Host {
        try await loop.perform { [self] in
            try HostOptions.check(.object(options), for: nil, of: "createHost")
            options.plugins.elements.append(contentsOf: plugins.map { .object(SwiftPluginView($0)) })
            return try await registry.afterCommands(in: .array(options.plugins.elements + [options.tenants])) {
                try makeHost(options)
            }
        }
    }

    /// Registers a module from Swift: `require(name)` finds it in the host's code, in plugins and in remotes.
    ///
    /// ```swift
    /// try await runtime.provide("greeter", ["hello": .callable(LuaCallable("hello") { call in
    ///     ["hello \(try call.string(0))"]
    /// })])
    /// ```
    ///
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func provide(_ name: String, _ value: LuaValue) async throws {
        try await loop.perform { [self] in try registry.environments.provide(name, value) }
    }

    /// Runs a script as the main coroutine, with `arg` and `...` set as `lua` sets them.
    ///
    /// - Parameters:
    ///   - source: The script's text; a first line beginning with `#` is passed over.
    ///   - name: What messages call it, `@host.lua` for a file.
    ///   - arguments: What the script gets as `...` and `arg[1]`…
    ///   - scriptName: `arg[0]`; plugin paths are looked up beside it.
    ///   - deadline: How long the script may run, its waits included; nil: any time.
    /// - Returns: What the script returned.
    /// - Throws: ``MFError`` with `LUA-001` when it does not compile, `LUA-013` when its time is up, or what it raised;
    ///   `CancellationError` when the calling task is cancelled, which stops the script even where it computes.
    @discardableResult
    public func run(
        script source: [UInt8], name: String, arguments: [String] = [], scriptName: String, deadline: Duration? = nil
    ) async throws -> [LuaValue] {
        try await loop.perform(deadline: deadline) { [self] in
            registry.environments.scriptFolder = Paths.folder(of: scriptName)
            var entries = arguments.enumerated().map {
                LuaRecord.Entry(key: .integer(Int64($0 + 1)), value: .string($1))
            }
            entries.append(LuaRecord.Entry(key: .integer(0), value: .string(scriptName)))
            if try state.globals.get("arg").isNil { try state.globals.set("arg", .record(LuaRecord(entries))) }
            let chunk = try state.load(source, name: name)
            let script = Activity("the script")
            return try await ending {
                try await self.failingWithNothingLeft({ [script.waitText] + self.tasks.waits }) {
                    try await script.run { try await self.state.callAsync(chunk, arguments.map { .string($0) }) }
                }
            }
        }
    }

    /// Runs a piece of code with the script's own globals.
    ///
    /// ```swift
    /// let answer = try await runtime.evaluate("return 6 * 7", deadline: .seconds(1))
    /// ```
    ///
    /// - Parameter deadline: How long the code may run, its waits included; nil: any time.
    /// - Throws: ``MFError`` with `LUA-001` when it does not compile, `LUA-013` when its time is up, or what it raised;
    ///   `CancellationError` when the calling task is cancelled, which stops the code even where it computes.
    @discardableResult
    public func evaluate(_ source: String, name: String = "=eval", deadline: Duration? = nil) async throws -> [LuaValue]
    {
        try await loop.perform(deadline: deadline) { [self] in
            let chunk = try state.load(source, name: name)
            return try await ending {
                try await Activity("the script").run { try await self.state.callAsync(chunk) }
            }
        }
    }

    /// Returns when no spawned tasks, timers or watches are left.
    ///
    /// - Throws: `CancellationError` if the task is cancelled, ``MFError`` with `LUA-010` if the runtime has ended.
    public func waitUntilIdle() async throws {
        try await loop.perform { [self] in
            try await failingWithNothingLeft({ self.tasks.waits }) { try await self.work.waitUntilIdle() }
        }
    }

    /// How long ``shutdown()`` may take because of what scripts want to do then. From any thread.
    public var shutdownTime: Duration { facilities.shutdownTime }

    /// Runs what `mf.onShutdown` was given, cancels all work, closes the states and, unless it came from outside, stops the
    /// loop.
    ///
    /// Lua code that computes is stopped. Where something cannot be stopped, a C function that does not return, it is
    /// left behind with its thread after 5 seconds, and the log says so.
    public func shutdown() async {
        await facilities.runShutdownHandlers()
        let (hasBegun, hasEnded) = (OnceFlag(), OnceFlag())
        state.stopAll()
        loop.interrupt(until: hasBegun)
        // What was called meanwhile may compute, too; `<close>` variables are given time first.
        let late = Task.detached { [loop] in
            try await pause(for: .seconds(1))
            loop.interrupt(until: hasEnded)
        }
        defer {
            late.cancel()
            hasEnded.set()
        }
        do {
            try await end(hasBegun)
        } catch MFError.Code.deadlineExceeded {
            log.error("the runtime's thread is blocked in code that cannot be interrupted; it is abandoned")
            if ownsLoop { loop.stop() }
            return
        } catch {
            // The loop has been stopped by its owner: nothing runs there any more.
            hasBegun.set()
        }
        guard ownsLoop else { return }
        loop.stop()
        if !loop.isOnLoop { loop.join() }
    }

    private func end(_ hasBegun: OnceFlag) async throws {
        try await loop.perform(deadline: .seconds(5)) { [self] in
            hasBegun.set()
            tasks.reportAllUnheard()
            scripts.cancelAll()
            tasks.close()
            work.cancelAll()
            // What was cancelled closes its variables meanwhile.
            await loop.yieldToIO()
            await loop.yieldToIO()
            endFollowingOrigins()
            for host in registry.hosts { host.host.end() }
            (fetcher as? CurlFetcher)?.close()
            registry.removeAll()
            state.close()
        }
    }

    /// What ``RuntimeConfiguration/disabledPlugins`` names and no host has listed yet, with the nearest name that was.
    ///
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func unknownDisabledPlugins() async throws -> [(name: String, near: String?)] {
        try await loop.perform { [self] in registry.selection.unmet }
    }

    /// How all hosts are, one after another; see ``Host/health()``.
    ///
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func health() async throws -> [(host: String, line: HealthLine)] {
        try await loop.perform { [self] in
            var lines: [(host: String, line: HealthLine)] = []
            for host in registry.hosts {
                // What is about the script is told once.
                let told = lines.map(\.line).filter { $0.subject == HealthLine.script }
                for line in await HealthService(host).lines() where !told.contains(line) {
                    lines.append((host.name, line))
                }
            }
            return lines
        }
    }

    /// How many hosts there are.
    ///
    /// - Throws: ``MFError`` with `LUA-010` if the runtime has ended.
    public func hostCount() async throws -> Int { try await loop.perform { [self] in registry.hosts.count } }

    /// A value as `print` would show it.
    public func display(_ value: LuaValue) async -> String {
        (try? await loop.perform { [self] in state.toString(value) }) ?? value.description
    }
}

// MARK: - Hosts and failures

extension Runtime {
    func makeHost(_ options: HostOptions) throws -> Host {
        if options.name.isEmpty {
            log.warning(
                "a host has no `name`: write `mf.init { name = \"my-host\", … }` so that messages can refer to it")
        }
        let host = try Host(options, registry: registry)
        registry.hosts.append(host)
        if let scope = registry.reloads.owner {
            host.ownership = (scope, scope.own { [weak host] in host?.dispose() })
        }
        // Also without plugin files: from now on SIGHUP is the host's.
        registry.reloads.onFilesChange?()
        if !host.name.isEmpty, registry.shareScopes[host.name] == nil {
            registry.shareScopes[host.name] = host.shareScopeMap
        }
        return host
    }

    /// Tells of a spawned task that has failed, and that nobody has waited for.
    private static func report(
        unhandled error: any Error, _ configuration: RuntimeConfiguration, _ log: Logger
    ) {
        var told = (error as? MFError) ?? MFError(.luaRuntime, "a spawned task failed", cause: error)
        told = told.adding(context: [("task", "spawned, and nobody waited for it")])
        if told.chain.allSatisfy({ $0.hint == nil }) {
            told = told.replacing(hint: "catch it in the task with `pcall`, or where `task:wait()` is called")
        }
        if let tell = configuration.onUnhandledError { return tell(told) }
        log.error("\(told.rendered())")
    }
}

extension Host {
    /// The runtime it belongs to.
    public var runtime: Runtime {
        guard let runtime = registry.owner as? Runtime else { preconditionFailure("a host outlives its runtime") }
        return runtime
    }
}
