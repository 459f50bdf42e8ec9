import Diagnostics
import EventLoops
import LuaBridge
import Posix

/// A program that runs: what `mf.process` returns.
final class ProcessView: LuaObject, @unchecked Sendable {
    // Used by methods that a state calls on its loop, and by timers and owners on the same.
    private let process: Subprocess
    private let program: String
    private let timeout: Duration?
    private var isLate = false
    private var waiting = 0
    /// Whether it ends as soon as nobody waits for it.
    private var isRetired = false

    static let options = OptionTable(
        [.init("stdin", .boolean, "Whether `process:write` writes what it reads; it has nothing to read otherwise.")]
            + ProgramArguments.commonKeys + [
                .init(
                    "stderr", .word("inherit", "merge", "drop"),
                    "Where its errors go: where the host's go (the default), into its output, or nowhere.")
            ])

    /// How much of the output is held before the program has to wait, and how long a line may be.
    private static let held = 64 << 10
    private static let longest = 16 << 20

    /// Starts a program.
    ///
    /// - Throws: ``MFError`` with `EXEC-001`, or `RUNTIME-016` when a resource is lacking.
    init(_ arguments: ProgramArguments, _ operations: Operations) throws {
        var plan = arguments.plan
        plan.hasInput = arguments.options["stdin"].isTruthy
        switch arguments.options["stderr"].stringValue {
        case "merge": plan.errors = .merged
        case "drop": plan.errors = .dropped
        default: plan.errors = .inherited
        }
        (program, timeout) = (plan.words[0], arguments.timeout)
        let loop = operations.loop
        do { process = try Subprocess(plan, on: loop, holding: Self.held) } catch {
            throw MFError.notStarted(plan, error)
        }
        let timer = timeout.map { timeout in
            loop.schedule(after: timeout) { [weak self] in
                self?.isLate = true
                self?.process.end()
            }
        }
        let process = process
        let holding = Holding(in: operations, retiring: { [weak self] in self?.retire() }) { process.end() }
        if process.outcome != nil {
            holding.release()
            if let timer { loop.cancel(timer) }
            return
        }
        process.onEnd = {
            holding.release()
            if let timer { loop.cancel(timer) }
        }
    }

    private func retire() {
        isRetired = true
        if waiting == 0 { process.end() }
    }

    /// Does something that waits for the program.
    private func waitingFor<T>(_ body: () async throws -> T) async throws -> T {
        waiting += 1
        defer {
            waiting -= 1
            if isRetired, waiting == 0 { process.end() }
        }
        return try await body()
    }

    static let luaTypeName = "mf.Process"
    var luaDescription: String { "mf.Process(\(program), \(process.id))" }
    var luaKeys: [LuaKey] { ["pid", "status"].map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        switch key {
        case .string("pid"): .integer(Int64(process.id))
        case .string("status"): .string(process.outcome == nil ? "running" : "ended")
        default: .nil
        }
    }

    static let luaMethods = [
        LuaCallable(async: "write") { call in
            let view = try call.object(0, as: ProcessView.self)
            try await view.write(try call.bytes(1))
            return [call[0]]
        },
        LuaCallable("closeInput") { call in
            try call.object(0, as: ProcessView.self).process.input?.end()
            return []
        },
        LuaCallable(async: "read") { call in
            [try await call.object(0, as: ProcessView.self).read(try ReadFormat(call, 1))]
        },
        LuaCallable("lines") { call in
            let view = try call.object(0, as: ProcessView.self)
            let format = try ReadFormat(call, 1)
            return [.callable(LuaCallable(async: "lines") { _ in [try await view.read(format)] })]
        },
        LuaCallable(async: "wait") { call in
            [try await call.object(0, as: ProcessView.self).wait()]
        },
        LuaCallable("kill") { call in
            let view = try call.object(0, as: ProcessView.self)
            return [.boolean(view.process.signal(try call.signal(1)))]
        },
        LuaCallable("__close") { call in
            try call.object(0, as: ProcessView.self).process.end()
            return []
        },
    ]

    private func write(_ bytes: [UInt8]) async throws {
        guard let input = process.input else {
            throw MFError.streamUnusable("`\(program)` has no input", hint: "start it with `stdin = true`")
        }
        do { try await waitingFor { try await input.write(bytes) } } catch let error as Errno {
            throw MFError.streamUnusable(
                "`\(program)` does not read any more: \(error)",
                hint: process.outcome == nil ? nil : "`process:wait()` tells how it has ended")
        }
    }

    private func read(_ format: ReadFormat) async throws -> LuaValue {
        do {
            return try await waitingFor { try await format.read(process.output, upTo: Self.longest) }
        } catch let error as Errno {
            throw MFError.streamUnusable("cannot read the output of `\(program)`: \(error)", hint: nil)
        } catch ReadingFailure.busy {
            throw MFError.streamUnusable(
                "another task reads the output of `\(program)`", hint: "let one task read, and pass on what it reads")
        } catch ReadingFailure.tooLong(let limit) {
            throw MFError.streamUnusable(
                "the output of `\(program)` has more than \(limit) bytes without an end",
                hint: "read it in parts: `process:read(65536)`")
        }
    }

    private func wait() async throws -> LuaValue {
        let outcome = try await waitingFor { try await process.ending() }
        if isLate, let timeout { throw MFError.programTooSlow(program, timeout) }
        return .record(LuaRecord(outcome.fields))
    }
}

extension MFError {
    /// A stream of a program cannot be read or written.
    static func streamUnusable(_ message: String, hint: String?) -> MFError {
        MFError(.streamUnusable, message, hint: hint)
    }
}
