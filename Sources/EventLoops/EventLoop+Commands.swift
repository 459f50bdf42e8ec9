internal import CEventLoop
internal import Glibc
internal import Posix

/// Why a command has given nothing.
package struct CommandFailure: Error, Sendable, Equatable {
    /// What has happened, as the end of a sentence.
    package let reason: String

    package init(reason: String) { self.reason = reason }
}

extension EventLoop {
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
        checkOnLoop()
        let command = try RunningCommand(words, upTo: most)
        let timer = schedule(after: limit) { command.end(CommandFailure(reason: "it took more than \(limit)")) }
        watch(descriptor: command.output, for: .read) { _ in command.read() }
        watch(descriptor: command.process, for: .read) { _ in command.finish() }
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { command.onEnd($0) }
        } onCancel: {
            runOnLoop { command.end(CommandFailure(reason: "it was cancelled")) }
        }
        cancel(timer)
        unwatch(descriptor: command.output)
        unwatch(descriptor: command.process)
        command.close()
        return try result.get()
    }
}

/// The same for code that cannot wait: the thread does nothing else meanwhile.
package func outputWithoutLoop(
    of words: [String], within limit: Duration, upTo most: Int
) throws(CommandFailure) -> [UInt8] {
    let command = try RunningCommand(words, upTo: most)
    defer { command.close() }
    let deadline = ContinuousClock.now + limit
    while command.result == nil {
        let left = ContinuousClock.now.duration(to: deadline)
        if left <= .zero {
            command.end(CommandFailure(reason: "it took more than \(limit)"))
            break
        }
        var ready = [
            pollfd(fd: command.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: command.process, events: Int16(POLLIN), revents: 0),
        ]
        if command.isAtEnd { ready[0].fd = -1 }
        let milliseconds = Int32(left / .milliseconds(1)) + 1
        guard Glibc.poll(&ready, 2, milliseconds) > 0 else { continue }
        if ready[0].revents != 0 { command.read() }
        if ready[1].revents != 0 { command.finish() }
    }
    guard let result = command.result else { throw CommandFailure(reason: "it has no result") }
    return try result.get()
}

/// A command that runs.
private final class RunningCommand: @unchecked Sendable {
    // Used by the loop that watches its descriptors, to which whoever cancels it hops, or by the one caller that blocks.
    private(set) var process: Int32 = -1
    private(set) var output: Int32 = -1
    private(set) var isAtEnd = false
    private(set) var result: Result<[UInt8], CommandFailure>?
    private var pid: Int32 = 0
    private var isReaped = false
    private var bytes: [UInt8] = []
    private let most: Int
    private let name: String
    private var waiter: UnsafeContinuation<Result<[UInt8], CommandFailure>, Never>?

    init(_ words: [String], upTo most: Int) throws(CommandFailure) {
        (self.most, name) = (most, words.first ?? "")
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        let error = mf_spawn(&arguments, &pid, &process, &output)
        if error != 0 { throw CommandFailure(reason: "cannot run `\(name)`: \(Errno(error))") }
    }

    func onEnd(_ waiter: UnsafeContinuation<Result<[UInt8], CommandFailure>, Never>) {
        if let result { waiter.resume(returning: result) } else { self.waiter = waiter }
    }

    /// Takes what there is to read.
    func read() {
        while !isAtEnd, result == nil {
            var count = 0
            let part = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, used in
                count = Glibc.read(output, buffer.baseAddress!, buffer.count)
                used = max(count, 0)
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count > 0 else {
                isAtEnd = true
                return
            }
            bytes += part
            if bytes.count > most { end(CommandFailure(reason: "it prints more than \(most) bytes")) }
        }
    }

    /// The program has ended.
    func finish() {
        read()
        let status = reap()
        let (signal, code) = (status & 0x7F, (status >> 8) & 0xFF)
        if signal != 0 {
            settle(.failure(CommandFailure(reason: "`\(name)` was ended by signal \(signal)")))
        } else if code != 0 {
            settle(.failure(CommandFailure(reason: "`\(name)` exited with \(code)")))
        } else {
            settle(.success(bytes))
        }
    }

    func end(_ failure: CommandFailure) {
        guard result == nil else { return }
        _ = reap()
        settle(.failure(failure))
    }

    private func settle(_ outcome: Result<[UInt8], CommandFailure>) {
        guard result == nil else { return }
        result = outcome
        waiter?.resume(returning: outcome)
        waiter = nil
    }

    private func reap() -> Int32 {
        guard !isReaped else { return 0 }
        isReaped = true
        return mf_reap(pid)
    }

    func close() {
        _ = reap()
        Glibc.close(output)
        Glibc.close(process)
    }
}
