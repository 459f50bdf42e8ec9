import CSandbox
import Diagnostics
import EventLoops
import Glibc
import LuaBridge

/// The worker process of a tenant of level `process`.
///
/// A program that hosts such tenants calls ``runIfRequested()`` before anything else:
///
/// ```swift
/// @main struct Main {
///     static func main() async {
///         TenantWorker.runIfRequested()
///         …
/// ```
public enum TenantWorker {
    /// What the worker is started with.
    public static let argument = "--mflua-tenant-worker"
    // Written by tests alone, before they start the first worker.
    /// What is started as a worker: the program itself. Tests, which are no such program, name another.
    nonisolated(unsafe) public static var executable = "/proc/self/exe"

    /// Becomes a worker, and never returns, when the process was started as one.
    public static func runIfRequested() {
        guard ProcessArguments.all.count == 2, ProcessArguments.all[1] == argument else { return }
        let loop = EventLoop(name: "mflua-worker")
        let process = WorkerProcess(loop)
        loop.submit { process.start() }
        loop.join()
        exit(0)
    }
}

/// What runs in a worker: one instance of a tenant, asked over the socket.
final class WorkerProcess: TenantDirectory, @unchecked Sendable {
    // A worker process has one loop and no other thread that knows of it.
    private let loop: EventLoop
    private var peer: TenantPeer!
    private var instance: InProcessSandbox?
    /// Why there is none.
    private var refusal: MFError?
    private var lastNumber: UInt64 = 0
    private var exports: [UInt64: TenantExport] = [:]
    private var shapes: [[String]: LuaShape] = [:]

    init(_ loop: EventLoop) { self.loop = loop }

    func start() {
        // The host ends the connection when it has enough of the worker.
        peer = TenantPeer(
            socket: SANDBOX_SOCKET, loop: loop, bounds: TenantPeer.Bounds(message: 1 << 29), directory: self,
            serve: { [unowned self] in try serve($0, $1, $2) }, onEnd: { _ in exit(0) })
        peer.waits = WorkerWaits(peer, loop)
    }

    private func serve(_ name: String, _ values: LuaValues, _ canWait: Bool) throws -> CallOutcome {
        switch name {
        case "setup": return try setUp(values)
        case "idle": return .waiting(TenantPending { [self] in await untilIdle() })
        case "release":
            let number = UInt64(bitPattern: Int64(values.first?.intValue ?? 0))
            exports[number] = nil
            return .done([])
        default: break
        }
        guard let instance else { throw refusal ?? MFError.stateGone() }
        if name == "end", case .integer(let owner)? = values.first {
            instance.end(owner, isFinal: values.count > 1 && values[1].isTruthy)
            return .done([])
        }
        do {
            switch try work(name, values, canWait, instance) {
            case .done(let results): return .done(try finished(results, instance))
            case .waiting(let pending):
                return .waiting(
                    TenantPending { [self] in
                        do {
                            return try finished(try await pending.finish(), instance)
                        } catch {
                            throw failure(error, instance)
                        }
                    })
            }
        } catch {
            throw failure(error, instance)
        }
    }

    /// Waits until only the host could wake what runs here.
    private func untilIdle() async -> LuaValues {
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let others = loop.onStarved
            loop.onStarved = {
                others?()
                continuation.resume()
            }
        }
        return []
    }

    private func work(_ name: String, _ values: LuaValues, _ canWait: Bool, _ instance: InProcessSandbox) throws
        -> CallOutcome
    {
        switch name {
        case "run":
            guard values.count >= 4, let source = values[0].bytesValue, let chunk = values[1].stringValue,
                case .integer(let owner) = values[3]
            else { break }
            let modules = values[2].objectValue as? TenantImport
            return try instance.run(
                source, name: chunk, modules: modules, owner: owner, Array(values.dropFirst(4)), canWait: canWait)
        case "call":
            guard case .object(let object)? = values.first, let function = object as? TenantExport else { break }
            return try instance.start(function, Array(values.dropFirst()), canWait: canWait)
        case "emit":
            guard values.count >= 3, let kind = values[0].stringValue.flatMap(LuaEmission.Kind.init(named:)),
                case .object(let object) = values[1], let listener = object as? TenantExport
            else { break }
            let keys = (values[2].arrayValue ?? []).compactMap(\.stringValue)
            let fields = Array(values.dropFirst(3))
            if !canWait { return .done(flat(try instance.emit(kind, listener, shape(keys), fields))) }
            switch try instance.startEmission(kind, listener, shape(keys), fields) {
            case .done(let result): return .done(flat(result))
            case .waiting(let rest): return .waiting(TenantPending { [self] in flat(try await rest()) })
            }
        default: break
        }
        throw MFError.garbled()
    }

    private func flat(_ result: LuaEmission.Result) -> LuaValues {
        [result.outcome, .boolean(result.outcomeIsData), .boolean(result.aborted)] + result.fields
    }

    private func shape(_ keys: [String]) -> LuaShape {
        if let known = shapes[keys] { return known }
        let shape = LuaShape(keys)
        shapes[keys] = shape
        return shape
    }

    private func finished(_ results: LuaValues, _ instance: InProcessSandbox) throws -> LuaValues {
        if let violation = instance.violation { throw violation }
        return figures(of: instance) + results
    }

    private func figures(of instance: InProcessSandbox) -> LuaValues {
        let usage = instance.usage
        return [.integer(Int64(usage.memory)), .integer(Int64(usage.peakMemory)), .integer(usage.cpu.nanoseconds)]
    }

    private func failure(_ error: any Error, _ instance: InProcessSandbox) -> any Error {
        guard let violation = instance.violation else {
            guard let error = error as? MFError, let thrown = error.thrown as? LuaValue,
                let value = try? instance.leave(thrown)
            else { return error }
            return error.telling(value)
        }
        tell(violation, of: instance)
        return violation
    }

    private func tell(_ violation: MFError, of instance: InProcessSandbox) {
        peer.tell("doomed", [.object(LuaErrorObject(violation))] + figures(of: instance))
    }

    /// Makes the instance, starts every thread there will be, and locks the process up. Only then code of the tenant runs.
    private func setUp(_ values: LuaValues) throws -> CallOutcome {
        guard instance == nil, values.count == 2, let record = values[1].recordValue else { throw MFError.garbled() }
        let options = try TenantOptions.fromLua(values[0])
        let imports = record.entries.compactMap { entry -> (String, TenantImport)? in
            guard let name = entry.key.stringValue, case .object(let object) = entry.value,
                let function = object as? TenantImport
            else { return nil }
            return (name, function)
        }
        let fresh = try InProcessSandbox(loop: loop, options: options, imports: imports)
        _ = try fresh.run(Array("return 1".utf8), name: "=warm-up", modules: nil, owner: 0, [], canWait: true)
        let failure = sandbox_enter(options.memory)
        guard failure == 0 else {
            let error = MFError.sandboxRefused(errno: failure)
            refusal = error
            throw error
        }
        fresh.tasks.workerWaits = peer.waits
        fresh.onViolation = { [unowned self, unowned fresh] in
            if let violation = fresh.violation { tell(violation, of: fresh) }
        }
        instance = fresh
        // What the host would not take is an error of the call, and not the end of the worker.
        peer.bounds.message = options.message
        return .done([])
    }

    // MARK: - Numbers

    func number(of object: any LuaObject) throws -> (TenantCodec.Tag, UInt64) {
        if let view = object as? WorkerView { return (.viewBack, view.number) }
        guard let export = object as? TenantExport else { throw MFError.cannotCross("view") }
        lastNumber += 1
        exports[lastNumber] = export
        return (.ours, lastNumber)
    }

    func takeBack(_ tag: TenantCodec.Tag, _ number: UInt64) {
        if tag == .ours { exports[number] = nil }
    }

    func function(ours number: UInt64, name: String) throws -> any LuaObject {
        let release: @Sendable () -> Void = { [weak self] in
            guard let self else { return }
            loop.runOnLoop { self.peer.tell("release", [.integer(Int64(bitPattern: number))]) }
        }
        return TenantImport(name, onRelease: release) { [unowned self] arguments, canWait in
            try peer.ask(
                "call", [.integer(Int64(bitPattern: number))] + arguments, canWait: canWait, deadline: .seconds(10))
        }
    }

    func function(yours number: UInt64) throws -> any LuaObject {
        guard let export = exports[number] else { throw MFError.stateGone() }
        return export
    }

    func view(_ number: UInt64, type: String, data: LuaValue) throws -> any LuaObject {
        let forget: @Sendable () -> Void = { [weak self] in
            guard let self else { return }
            loop.runOnLoop { self.peer.tell("forget", [.integer(Int64(bitPattern: number))]) }
        }
        if !data.isNil { return WorkerView(number, type, .success(data), onRelease: forget) }
        return WorkerView(number, type, nil, onRelease: forget) { [weak self] in
            guard let self else { throw MFError.stateGone() }
            let answer = try peer.ask(
                "read", [.integer(Int64(bitPattern: number))], canWait: false, deadline: .seconds(10))
            return try answer.finished("read").first ?? .nil
        }
    }

    func object(viewBack number: UInt64) throws -> any LuaObject { throw MFError.garbled() }
}

/// A host's object in a worker: its data as they were when it was sent, or when a collection is first read.
final class WorkerView: TenantStandIn, @unchecked Sendable {
    // `known` is written by `data`, which the worker's state asks for on the only loop of the process; `onRelease` may run anywhere.
    let number: UInt64
    private let type: String
    private var known: Result<LuaValue, any Error>?
    private let read: () throws -> LuaValue
    private let onRelease: @Sendable () -> Void

    /// - Parameters:
    ///   - data: What is known of it; nil: `read` is asked.
    ///   - read: Asks the host for its data.
    init(
        _ number: UInt64, _ type: String, _ data: Result<LuaValue, any Error>?,
        onRelease: @escaping @Sendable () -> Void, read: @escaping () throws -> LuaValue = { .nil }
    ) {
        (self.number, self.type, known, self.read, self.onRelease) = (number, type, data, read, onRelease)
    }

    deinit { onRelease() }

    static let luaTypeName = "mf.WorkerView"
    var shownTypeName: String { type }
    var luaDescription: String { type }

    private var data: Result<LuaValue, any Error> {
        if let known { return known }
        let data = Result { try read() }
        known = data
        return data
    }

    var luaCount: Int {
        guard case .success(let data) = data else { return 1 }
        var count = 0
        while !data[count + 1].isNil { count += 1 }
        return count
    }

    /// Where the data are not to be had there is one key, so that who goes through them is told why.
    var luaKeys: [LuaKey] {
        guard case .success(let data) = data else { return [.integer(1)] }
        return (data.recordValue?.entries ?? []).map { entry in
            switch entry.key {
            case .string(let name): .string(name)
            case .integer(let index): .integer(index)
            default: .other
            }
        }
    }

    func luaGet(_ key: LuaKey) throws -> LuaValue {
        let data = try data.get()
        return switch key {
        case .string(let name): data[name]
        case .integer(let index): data[Int(index)]
        case .other: .nil
        }
    }
}

extension LuaEmission.Kind {
    init?(named name: String) {
        switch name {
        case "sync": self = .sync
        case "async": self = .async
        case "syncWaterfall": self = .syncWaterfall
        case "asyncWaterfall": self = .asyncWaterfall
        default: return nil
        }
    }
}
