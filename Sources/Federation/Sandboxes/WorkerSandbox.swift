import CSandbox
import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import Posix

/// A tenant's life in a worker process of the same binary.
final class WorkerSandbox: Sandbox, TenantDirectory, @unchecked Sendable {
    // Called by its tenant and by the socket's watcher, both of `loop`. The exceptions are `release`, which goes there, and
    // constants.
    let identity = TenantIdentity()
    private let loop: EventLoop
    private let options: TenantOptions
    private(set) var peer: TenantPeer!
    let processID: pid_t
    private var isReaped: Bool
    /// Whether it has answered: what it takes to start is no longer allowed for.
    private(set) var isSetUp = false
    private var processorTime: WorkerProcessorTime?
    private var settingUp: Task<Void, any Error>?
    /// How long a worker may take to start.
    private static let startLimit = Duration.seconds(10)
    private(set) var violation: MFError?
    var onViolation: () -> Void = {}
    private(set) var usage = TenantUsage()
    var isTerminated: Bool { violation != nil }

    private var lastNumber: UInt64 = 0
    private var imports: [UInt64: TenantImport] = [:]
    /// An object that the worker has views of.
    private struct ViewedObject {
        let object: any LuaObject
        /// How many views: each message that names the object makes another one there.
        var count = 1
        /// How many of them may ask for its data: once each.
        var unread = 1
    }
    private var views: [UInt64: ViewedObject] = [:]
    private var viewNumbers: [ObjectIdentifier: UInt64] = [:]

    /// Starts a worker. That it could be locked up is known when the first call is answered.
    convenience init(tenant: String, loop: EventLoop, options: TenantOptions, imports: [(String, TenantImport)]) throws
    {
        var sockets: [Int32] = [-1, -1]
        var failure = sandbox_socket_pair(&sockets)
        var process: pid_t = 0
        if failure == 0 {
            failure = sandbox_spawn(TenantWorker.executable, TenantWorker.argument, sockets[1], &process)
            Glibc.close(sockets[1])
            if failure != 0 { Glibc.close(sockets[0]) }
        }
        guard failure == 0 else { throw MFError.workerNotStarted(tenant, errno: failure) }
        try self.init(socket: sockets[0], process: process, loop: loop, options: options, imports: imports)
    }

    /// Takes over a socket at whose other end there is a worker.
    ///
    /// - Parameter process: The worker, to be ended with the instance; nil: whoever made the socket ends it.
    init(
        socket: Int32, process: pid_t?, loop: EventLoop, options: TenantOptions, imports: [(String, TenantImport)]
    ) throws {
        (self.loop, self.options, processID, isReaped) = (loop, options, process ?? -1, process == nil)
        peer = TenantPeer(
            socket: socket, loop: loop,
            bounds: TenantPeer.Bounds(message: options.message, requests: 2 * min(options.tasks, 1 << 20) + 16),
            directory: self,
            serve: { [weak self] name, values, canWait in
                guard let self else { throw MFError.stateGone() }
                return try serve(name, values, canWait)
            }, onEnd: { [weak self] in self?.ended($0) })
        if let process {
            let time = WorkerProcessorTime(process, loop, options) { [weak self] in
                self?.peer.close(MFError.workerComputesTooMuch())
            }
            time.isBusy = { [weak self] in self?.peer.hasCallsUnderWay ?? false }
            processorTime = time
        }
        let entries = imports.map { LuaRecord.Entry(key: .string($0.0), value: .object($0.1)) }
        let setUp = try peer.ask(
            "setup", [options.luaValue, .record(LuaRecord(entries))], canWait: true, deadline: .zero)
        settingUp = loop.start { [weak self] in
            do {
                _ = try await setUp.finish()
                self?.isSetUp = true
            } catch let error as MFError {
                self?.peer.close(error)
            }
        }
    }

    func ready() async {
        if isSetUp || violation != nil { return }
        let timer = loop.schedule(after: Self.startLimit) { [weak self] in self?.peer.close(MFError.workerSilent()) }
        _ = try? await settingUp?.value
        loop.cancel(timer)
    }

    deinit {
        reap()
        loop.runOnLoop { [peer] in peer?.close(MFError.stateGone()) }
    }

    private func ended(_ reason: MFError) {
        if violation == nil { violation = reason }
        processorTime?.stop()
        processorTime = nil
        reap()
        imports.removeAll()
        views.removeAll()
    }

    private func reap() {
        guard !isReaped else { return }
        isReaped = true
        _ = sandbox_kill(processID)
    }

    func close() { peer.close(violation ?? MFError.stateGone()) }

    func expire() {
        if violation == nil {
            violation = MFError(
                .limitWall, "the call took too long",
                hint: "raise the tenant's `wall` limit, or give the operation it waits for a shorter deadline")
        }
        close()
    }

    // MARK: - Calls

    /// How long a call that blocks the host may take: the worker stops itself at its limit, unless it hangs.
    private var deadline: Duration {
        min(options.wall, options.cpu * 4 + .milliseconds(200)) + (isSetUp ? .zero : Self.startLimit)
    }

    private func ask(_ name: String, _ values: LuaValues, canWait: Bool) throws -> CallOutcome {
        if let violation { throw violation }
        processorTime?.call()
        do {
            return try peer.ask(name, values, canWait: canWait, deadline: deadline).map { [self] in try account($0) }
        } catch let error as MFError
            where !canWait && (error.code == .limitWall || error.code == .levelUnavailable && !isSetUp)
        {
            peer.close(error)
            throw error
        }
    }

    /// Takes the figures off the front of an answer.
    private func account(_ values: LuaValues) throws -> LuaValues {
        guard values.count >= 3, let memory = Self.figure(values[0]), let peak = Self.figure(values[1]),
            let cpu = Self.figure(values[2])
        else {
            peer.close(MFError.garbled())
            throw MFError.garbled()
        }
        isSetUp = true
        usage = TenantUsage(memory: memory, peakMemory: peak, cpu: .nanoseconds(cpu))
        return Array(values.dropFirst(3))
    }

    /// A figure as a sound worker tells it: some years in nanoseconds, some petabytes, and nothing below zero.
    private static func figure(_ value: LuaValue) -> Int? {
        guard case .integer(let figure) = value, (0...1 << 58).contains(figure) else { return nil }
        return Int(figure)
    }

    func run(
        _ source: [UInt8], name: String, modules: TenantImport?, owner: Int64, _ arguments: [LuaValue], canWait: Bool
    ) throws -> CallOutcome {
        let find = modules.map { LuaValue.object($0) } ?? .nil
        return try ask("run", [.bytes(source), .string(name), find, .integer(owner)] + arguments, canWait: canWait)
    }

    func end(_ owner: Int64, isFinal: Bool) { peer.tell("end", [.integer(owner), .boolean(isFinal)]) }

    func start(_ function: TenantExport, _ arguments: [LuaValue], canWait: Bool) throws -> CallOutcome {
        try ask("call", [.object(function)] + arguments, canWait: canWait)
    }

    func emit(_ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue]) throws
        -> LuaEmission.Result
    {
        try result(try emission(kind, listener, shape, values, canWait: false).finished("emit"))
    }

    func startEmission(_ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue])
        throws -> TenantEmission
    {
        let start = try emission(kind, listener, shape, values, canWait: true)
        return .waiting { [self] in try result(try await start.finish()) }
    }

    private func emission(
        _ kind: LuaEmission.Kind, _ listener: TenantExport, _ shape: LuaShape, _ values: [LuaValue], canWait: Bool
    ) throws -> CallOutcome {
        try ask(
            "emit", [.string("\(kind)"), .object(listener), .array(shape.keys.map { .string($0) })] + values,
            canWait: canWait)
    }

    private func result(_ values: LuaValues) throws -> LuaEmission.Result {
        guard values.count >= 3 else { throw MFError.garbled() }
        return LuaEmission.Result(
            outcome: values[0], isData: values[1].isTruthy, aborted: values[2].isTruthy,
            fields: Array(values.dropFirst(3)))
    }

    func release(_ export: UInt64) {
        loop.runOnLoop { [weak self] in self?.peer.tell("release", [.integer(Int64(bitPattern: export))]) }
    }

    /// What a worker may say of itself.
    private static let violations: Set<MFError.Code> = [
        .limitCPU, .limitWall, .limitMemory, .limitTasks, .limitMessageSize, .limitDepth,
    ]

    /// Answers what the worker asks for.
    private func serve(_ name: String, _ values: LuaValues, _ canWait: Bool) throws -> CallOutcome {
        var number: UInt64 = 0
        if case .integer(let signed)? = values.first { number = UInt64(bitPattern: signed) }
        switch name {
        case "call":
            guard let function = imports[number] else { throw MFError.stateGone() }
            return try function.body(Array(values.dropFirst()), canWait)
        case "waits": try peer.noteWait(values, isBegun: true)
        case "waited": try peer.noteWait(values, isBegun: false)
        case "unasked": peer.cancel(number)
        case "release": takeBack(.ours, number)
        case "forget": takeBack(.view, number)
        case "read":
            guard let view = views[number], view.object.isReadOnDemand, view.unread > 0 else { throw MFError.garbled() }
            views[number]?.unread -= 1
            return .done([try view.object.tenantSnapshot()])
        case "doomed":
            guard case .object(let object)? = values.first, let error = (object as? LuaErrorObject)?.error,
                Self.violations.contains(error.code), values.count == 4
            else { throw MFError.garbled() }
            _ = try account(Array(values.dropFirst()))
            violation = error
            onViolation()
        default: throw MFError.garbled()
        }
        return .done([])
    }

    // MARK: - Numbers

    /// What it takes to hold a function or object for a worker, which has a number for it as long as it likes.
    private static let numberedSize = 512

    func number(of object: any LuaObject) throws -> (TenantCodec.Tag, UInt64) {
        if let export = object as? TenantExport {
            guard export.identity === identity else { throw MFError.stateGone() }
            return (.yours, export.number)
        }
        guard numberedCount < max(options.memory / Self.numberedSize, 1024) else {
            let error = MFError.workerKeepsTooMuch()
            peer.close(error)
            throw error
        }
        lastNumber += 1
        numberedCount += 1
        if let function = object as? TenantImport {
            imports[lastNumber] = function
            return (.ours, lastNumber)
        }
        if let known = viewNumbers[ObjectIdentifier(object)] {
            views[known]?.count += 1
            views[known]?.unread += 1
            return (.view, known)
        }
        views[lastNumber] = ViewedObject(object: object)
        viewNumbers[ObjectIdentifier(object)] = lastNumber
        return (.view, lastNumber)
    }

    func takeBack(_ tag: TenantCodec.Tag, _ number: UInt64) {
        if tag == .ours, imports.removeValue(forKey: number) != nil { numberedCount -= 1 }
        guard tag == .view, let view = views[number] else { return }
        numberedCount -= 1
        views[number]?.count -= 1
        if view.count == 1 {
            views[number] = nil
            viewNumbers[ObjectIdentifier(view.object)] = nil
        }
    }

    /// How many functions and objects of the host the worker knows by a number; an object counts each time it was sent.
    private(set) var numberedCount = 0

    func function(ours number: UInt64, name: String) throws -> any LuaObject { TenantExport(self, number: number) }

    func function(yours number: UInt64) throws -> any LuaObject {
        guard let function = imports[number] else { throw MFError.garbled() }
        return function
    }

    func view(_ number: UInt64, type: String, data: LuaValue) throws -> any LuaObject { throw MFError.garbled() }

    func object(viewBack number: UInt64) throws -> any LuaObject {
        guard let view = views[number] else { throw MFError.garbled() }
        return view.object
    }
}

extension MFError {
    static func workerNotStarted(_ tenant: String, errno: Int32) -> MFError {
        MFError(
            .levelUnavailable,
            "the worker of tenant `\(tenant)` cannot be started: \(Errno(errno))",
            context: [("tenant", tenant)], hint: "the level `process` needs /proc and room for one more process")
    }

    static func workerComputesTooMuch() -> MFError {
        MFError(
            .limitCPU, "the tenant's worker used more processor time than its calls may",
            hint: "the worker was killed; the next call starts a new one")
    }

    static func workerKeepsTooMuch() -> MFError {
        MFError(
            .limitMemory, "the tenant's worker keeps too many functions and objects of the host",
            hint: "the worker was killed; the next call starts a new one")
    }

    static func sandboxRefused(errno: Int32) -> MFError {
        MFError(
            .levelUnavailable, "the kernel refuses to lock the worker up: \(Errno(errno))",
            hint: "the level `process` needs seccomp filters; it never runs weaker than asked")
    }
}
