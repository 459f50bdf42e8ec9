internal import Glibc

/// What a program has given, and how it has ended.
package struct CommandResult: Sendable {
    package var output: [UInt8]
    package var errors: [UInt8]
    package var outcome: Subprocess.Outcome
}

/// Why a program has not run to its end.
package enum CommandTrouble: Error, Sendable, Equatable {
    case notStarted(Subprocess.StartFailure)
    case late(Duration)
    case tooMuch(Int)
    case cancelled
}

/// Why a command has given nothing.
package struct CommandFailure: Error, Sendable, Equatable {
    /// What has happened, as the end of a sentence.
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

extension EventLoop {
    /// Runs a program to its end and returns what it has written; the loop goes on meanwhile. On the loop only.
    ///
    /// It is ended with all of its process group when the time is up, when it writes too much, and when the task is
    /// cancelled. What its children write after its own end is not waited for.
    ///
    /// - Parameters:
    ///   - input: What it reads, if the plan says that it has input.
    ///   - limit: How long it may run; nil: any time.
    ///   - most: How many bytes it may write, to its output and to its piped errors together.
    package func run(
        _ plan: Subprocess.Plan, input: [UInt8] = [], within limit: Duration? = nil, upTo most: Int
    ) async throws(CommandTrouble) -> CommandResult {
        checkOnLoop()
        let process: Subprocess
        do { process = try Subprocess(plan, on: self, holding: .max) } catch { throw .notStarted(error) }
        let run = CommandRun(process)
        for reader in [process.output, process.errors].compactMap({ $0 }) {
            reader.onGrowth = {
                if process.output.count + (process.errors?.count ?? 0) > most { run.end(.tooMuch(most)) }
            }
        }
        process.input?.send(input)
        process.input?.end()
        let timer = limit.map { limit in schedule(after: limit) { run.end(.late(limit)) } }
        defer { if let timer { cancel(timer) } }
        let outcome: Subprocess.Outcome
        do { outcome = try await process.ending() } catch {
            process.end()
            throw .cancelled
        }
        if let trouble = run.trouble { throw trouble }
        return CommandResult(
            output: process.output.takeAll(), errors: process.errors?.takeAll() ?? [], outcome: outcome)
    }

    /// Runs a command and returns what it has printed; the loop goes on meanwhile. On the loop only.
    ///
    /// The command has nothing to read, and its messages go where those of this process go. It is ended with all of its
    /// process group when the time is up, when it prints too much, and when the task is cancelled.
    ///
    /// - Parameters:
    ///   - words: The program, looked up on `PATH`, and its arguments.
    ///   - limit: How long it may run.
    ///   - most: How many bytes it may print.
    package func output(
        of words: [String], within limit: Duration, upTo most: Int
    ) async throws(CommandFailure) -> [UInt8] {
        do {
            let result = try await run(Subprocess.Plan(words), within: limit, upTo: most)
            if let failure = CommandFailure(result.outcome, of: words) { throw failure }
            return result.output
        } catch let trouble as CommandTrouble {
            throw CommandFailure(trouble, of: words)
        } catch {
            throw error as? CommandFailure ?? CommandFailure(reason: "\(error)")
        }
    }
}

/// The same for code that cannot wait: the thread does nothing else meanwhile.
package func outputWithoutLoop(
    of words: [String], within limit: Duration, upTo most: Int
) throws(CommandFailure) -> [UInt8] {
    let child: SpawnedChild
    do { child = try SpawnedChild(Subprocess.Plan(words)) } catch {
        throw CommandFailure(.notStarted(error), of: words)
    }
    let begun = ContinuousClock.now
    var bytes: [UInt8] = []
    let trouble = read(child, into: &bytes, until: begun + limit, limit, most)
    let outcome = child.reap(begun: begun)
    close(child.output)
    if let trouble { throw CommandFailure(trouble, of: words) }
    if let failure = CommandFailure(outcome, of: words) { throw failure }
    return bytes
}

/// Reads what a program prints, until it ends.
private func read(
    _ child: SpawnedChild, into bytes: inout [UInt8], until deadline: ContinuousClock.Instant, _ limit: Duration,
    _ most: Int
) -> CommandTrouble? {
    var (isAtEnd, hasEnded) = (false, false)
    while !hasEnded {
        let left = ContinuousClock.now.duration(to: deadline)
        if left <= .zero { return .late(limit) }
        var ready = [
            pollfd(fd: isAtEnd ? -1 : child.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.process, events: Int16(POLLIN), revents: 0),
        ]
        guard Glibc.poll(&ready, 2, Int32(clamping: Int64(left / .milliseconds(1)) + 1)) > 0 else { continue }
        hasEnded = ready[1].revents != 0
        while !isAtEnd {
            var count = 0
            bytes += [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, used in
                count = Glibc.read(child.output, buffer.baseAddress!, buffer.count)
                used = max(count, 0)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { break }
            isAtEnd = count <= 0
            if bytes.count > most { return .tooMuch(most) }
        }
    }
    return nil
}

/// Why a run was ended before its time.
private final class CommandRun: @unchecked Sendable {
    // Used on the loop of its process.
    private let process: Subprocess
    private(set) var trouble: CommandTrouble?

    init(_ process: Subprocess) { self.process = process }

    func end(_ trouble: CommandTrouble) {
        guard self.trouble == nil, process.outcome == nil else { return }
        self.trouble = trouble
        process.end()
    }
}

extension CommandFailure {
    /// Why a run has given nothing.
    fileprivate init(_ trouble: CommandTrouble, of words: [String]) {
        switch trouble {
        case .notStarted(let failure): reason = "cannot run `\(words.first ?? "")`: \(failure.errno)"
        case .late(let limit): reason = "it took more than \(limit)"
        case .tooMuch(let most): reason = "it prints more than \(most) bytes"
        case .cancelled: reason = "it was cancelled"
        }
    }

    /// Nil for a program that has ended well.
    fileprivate init?(_ outcome: Subprocess.Outcome, of words: [String]) {
        let name = words.first ?? ""
        if let signal = outcome.signal {
            reason = "`\(name)` was ended by signal \(signal)"
        } else if outcome.code != 0 {
            reason = "`\(name)` exited with \(outcome.code)"
        } else {
            return nil
        }
    }
}
