internal import CEventLoop
internal import Glibc
package import Posix

/// A program that runs as a child of this process, in a process group of its own.
///
/// Its end is seen through a descriptor, not through `SIGCHLD`, and ends what is left of its group. It ends with its loop.
/// On the loop only.
package final class Subprocess: @unchecked Sendable {
    // Signals, ends and waits are checked to be on `loop`, whose watcher sees the end; a cancelled wait goes there first.

    /// How a program is started.
    package struct Plan: Sendable {
        /// The program, looked up on `PATH`, and its arguments.
        package var words: [String]
        /// `NAME=value`; nil: the variables of this process.
        package var environment: [String]?
        /// Its working folder; nil: that of this process.
        package var folder: String?
        /// Whether it reads what ``Subprocess/input`` writes; it has nothing to read otherwise.
        package var hasInput = false
        package var errors = Errors.inherited

        package init(_ words: [String]) { self.words = words }
    }

    /// Where a program's messages go.
    package enum Errors: Sendable {
        /// Where those of this process go.
        case inherited
        /// To ``Subprocess/errors``.
        case piped
        /// Where its output goes.
        case merged
        case dropped
    }

    /// How a program has ended.
    package struct Outcome: Sendable, Equatable {
        /// The signal that ended it.
        package var signal: Int32?
        /// Its exit code; 128 and the number of the signal that ended it, as shells have it.
        package var code: Int32
        package var duration: Duration
    }

    /// Why a program does not run.
    package struct StartFailure: Error, Sendable, Equatable {
        package let errno: Errno
        /// Whether its working folder is the reason.
        package let isOfFolder: Bool

        package init(errno: Errno, isOfFolder: Bool) { (self.errno, self.isOfFolder) = (errno, isOfFolder) }
    }

    package let loop: EventLoop
    /// The number of the process.
    package let id: Int32
    package let input: ByteWriter?
    package let output: ByteReader
    package let errors: ByteReader?
    package private(set) var outcome: Outcome?
    private let child: SpawnedChild
    private let begun = ContinuousClock.now
    private var waiters: [FirstOutcome<Outcome>] = []
    /// Called once when the program has ended.
    package var onEnd: (@Sendable () -> Void)?

    /// Starts a program.
    ///
    /// - Parameter most: How many bytes of each of its streams are held before it has to wait.
    package init(_ plan: Plan, on loop: EventLoop, holding most: Int) throws(StartFailure) {
        loop.checkOnLoop("Subprocess")
        self.loop = loop
        child = try SpawnedChild(plan)
        id = child.id
        output = ByteReader(child.output, on: loop, holding: most)
        errors = child.errors.map { ByteReader($0, on: loop, holding: most) }
        input = child.input.map { ByteWriter($0, on: loop) }
        loop.watch(descriptor: child.process, for: .read) { [self] _ in settle() }
        loop.processes[id] = self
        // A loop that is stopping ends no more of them.
        if loop.isStopping { settle() }
    }

    /// Sends its group a signal; false when it has ended.
    @discardableResult
    package func signal(_ signal: Int32) -> Bool {
        loop.checkOnLoop("Subprocess")
        guard outcome == nil else { return false }
        return kill(-id, signal) == 0
    }

    /// Ends it, and all of its group, by `SIGKILL`.
    package func end() {
        loop.checkOnLoop("Subprocess")
        settle()
    }

    /// Waits for its end.
    ///
    /// - Throws: `CancellationError`; the program goes on then.
    package func ending() async throws -> Outcome {
        loop.checkOnLoop("Subprocess")
        if let outcome { return outcome }
        let waiter = FirstOutcome<Outcome>()
        waiters.append(waiter)
        defer { waiters.removeAll { $0 === waiter } }
        return try await waiter.value(cancelledOn: loop)
    }

    private func settle() {
        guard outcome == nil else { return }
        loop.processes[id] = nil
        loop.unwatch(descriptor: child.process)
        let outcome = child.reap(begun: begun)
        self.outcome = outcome
        input?.close()
        output.finish()
        errors?.finish()
        onEnd.take()?()
        for waiter in waiters { waiter.finish(.success(outcome)) }
    }
}

/// A program that was started, and its descriptors.
struct SpawnedChild {
    let id: Int32
    /// Ready for reading when the program has ended.
    let process: Int32
    let output: Int32
    let errors: Int32?
    let input: Int32?

    init(_ plan: Subprocess.Plan) throws(Subprocess.StartFailure) {
        var child = mf_child()
        let failure = plan.words.withCStrings { words in
            (plan.environment ?? []).withCStrings { environment in
                withOptionalCString(plan.folder) { folder in
                    var raw = mf_spawn_plan()
                    raw.words = UnsafePointer(words)
                    raw.environment = plan.environment == nil ? nil : UnsafePointer(environment)
                    raw.folder = folder
                    raw.has_input = plan.hasInput
                    raw.errors = plan.errors.raw
                    return mf_spawn(&raw, &child)
                }
            }
        }
        guard failure == 0 else {
            let isOfFolder = plan.folder.map { access($0, X_OK) != 0 } ?? false
            throw Subprocess.StartFailure(errno: Errno(failure), isOfFolder: isOfFolder)
        }
        (id, process, output) = (child.pid, child.process, child.output)
        errors = child.errors < 0 ? nil : child.errors
        input = child.input < 0 ? nil : child.input
    }

    /// Ends the program, if it has not ended, and what is left of its group. Once.
    func reap(begun: ContinuousClock.Instant) -> Subprocess.Outcome {
        let status = mf_reap(id)
        close(process)
        let (signal, code) = (status & 0x7F, (status >> 8) & 0xFF)
        return Subprocess.Outcome(
            signal: signal == 0 ? nil : signal, code: signal == 0 ? code : 128 + signal,
            duration: begun.duration(to: .now))
    }
}

extension Subprocess.Errors {
    fileprivate var raw: mf_errors {
        switch self {
        case .inherited: MFErrorsInherited
        case .piped: MFErrorsPiped
        case .merged: MFErrorsMerged
        case .dropped: MFErrorsDropped
        }
    }
}

extension [String] {
    /// Calls a body with the texts as C strings, ended by a null pointer.
    fileprivate func withCStrings<T>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> T) -> T {
        var strings: [UnsafeMutablePointer<CChar>?] = map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        return strings.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    }
}

private func withOptionalCString<T>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> T) -> T {
    guard let text else { return body(nil) }
    return text.withCString { body($0) }
}
