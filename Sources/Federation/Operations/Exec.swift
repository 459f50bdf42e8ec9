import Diagnostics
import EventLoops
import LuaBridge
import Posix

extension Operations {
    /// `mf.exec` and `mf.process`.
    static let processFunctions = [
        Function(
            name: "exec", signature: "fun(argv: string[], options?: mf.ExecOptions): mf.ExecResult",
            summary: """
                Runs a program to its end, without a shell; waits. It is killed with its process group when its time is up, \
                when it writes too much, and when the task that waits for it is cancelled.
                """
        ) { operations in
            LuaCallable(async: "exec") { call in
                let arguments = try ProgramArguments(call, execOptions)
                return [try await operations.exec(arguments)]
            }
        },
        Function(
            name: "process", signature: "fun(argv: string[], options?: mf.ProcessOptions): mf.Process",
            summary: """
                Starts a program, without a shell, and gives its streams. It is killed with its process group when its time \
                is up and when the code that started it ends: a plugin is reloaded, a remote removed, the host stops.
                """
        ) { operations in
            LuaCallable("process") { call in
                [.object(try ProcessView(try ProgramArguments(call, ProcessView.options), operations))]
            }
        },
    ]

    /// What `mf.exec` takes besides the words.
    static let execOptions = OptionTable(
        [.init("stdin", .bytes, "What the program reads; nothing if absent.")] + ProgramArguments.commonKeys + [
            .init("maxOutput", .byteCount, "How much it may write, output and errors together; \"16MB\" if absent."),
            .init("check", .boolean, "Whether an exit code other than 0, or a signal, is an error."),
        ])

    private func exec(_ arguments: ProgramArguments) async throws -> LuaValue {
        var plan = arguments.plan
        plan.errors = .piped
        let input = arguments.options["stdin"].bytesValue
        plan.hasInput = input != nil
        let result: CommandResult
        do {
            result = try await loop.run(
                plan, input: input ?? [], within: arguments.timeout,
                upTo: arguments.options["maxOutput"].byteCount ?? 16 << 20)
        } catch {
            throw MFError.notRun(plan, error)
        }
        if arguments.options["check"].isTruthy, result.outcome.code != 0 {
            throw MFError.programFailed(plan.words[0], result.outcome, errors: result.errors)
        }
        return .record(
            LuaRecord(
                result.outcome.fields + [("stdout", LuaValue.of(result.output)), ("stderr", .of(result.errors))]))
    }
}

extension Subprocess.Outcome {
    /// `code`, `signal` and `duration`, in milliseconds.
    var fields: [(String, LuaValue)] {
        [
            ("code", .integer(Int64(code))), ("signal", .optional(signal.map(SignalName.name))),
            ("duration", .number(duration / .milliseconds(1))),
        ]
    }
}

extension MFError {
    /// A program did not run to its end.
    static func notRun(_ plan: Subprocess.Plan, _ trouble: CommandTrouble) -> any Error {
        let program = plan.words[0]
        switch trouble {
        case .notStarted(let failure): return notStarted(plan, failure)
        case .late(let limit): return programTooSlow(program, limit)
        case .tooMuch(let most):
            return MFError(
                .tooMuchOutput, "`\(program)` writes more than \(most) bytes", context: [("program", program)],
                hint: "raise `maxOutput`, or read line by line with `mf.process`")
        case .cancelled: return CancellationError()
        }
    }

    static func programTooSlow(_ program: String, _ limit: Duration) -> MFError {
        MFError(
            .programTooSlow, "`\(program)` took more than \(limit)", context: [("program", program)],
            hint: "raise `timeout`, or find out what the program waits for")
    }

    /// A program cannot be started.
    static func notStarted(_ plan: Subprocess.Plan, _ failure: Subprocess.StartFailure) -> MFError {
        let (program, errno) = (plan.words[0], failure.errno)
        let context: [(String, String?)] = [("program", program), ("cwd", plan.folder)]
        if errno.isOfResources { return .resourceLacking("way to run `\(program)`", errno.code) }
        if failure.isOfFolder, let folder = plan.folder {
            return MFError(
                .cannotStart, "cannot run `\(program)` in `\(folder)`: \(errno)", context: context,
                hint: "`cwd` has to be a folder that this user may enter")
        }
        let isPath = program.contains("/")
        if errno.isOfAbsence {
            return MFError(
                .cannotStart,
                isPath ? "there is no program `\(program)`" : "there is no program `\(program)` on `PATH`",
                context: context,
                hint: program.contains(" ")
                    ? "the first element is the program alone, each argument an element of its own"
                    : "check the spelling; `command -v \(program)` tells where a shell finds it")
        }
        if errno.isOfPermission {
            return MFError(
                .cannotStart, "`\(program)` is not executable", context: context,
                hint:
                    "`chmod +x` makes a file executable; a script can be run by its interpreter: { \"sh\", \"\(program)\" }"
            )
        }
        return MFError(.cannotStart, "cannot run `\(program)`: \(errno)", context: context, hint: nil)
    }

    /// A program has failed where that is an error.
    static func programFailed(_ program: String, _ outcome: Subprocess.Outcome, errors: [UInt8]) -> MFError {
        let text = String(decoding: errors, as: UTF8.self)
        let last = text.split(whereSeparator: \.isNewline).last.map { String($0.prefix(300)) }
        let how = outcome.signal.map { "was ended by \(SignalName.name(of: $0))" } ?? "exited with \(outcome.code)"
        return MFError(
            .programFailed, "`\(program)` \(how)" + (last.map { ": \($0)" } ?? ""),
            context: [("program", program), ("code", "\(outcome.code)")],
            hint: "leave out `check` to get `code` and `stderr` in the result")
    }
}
