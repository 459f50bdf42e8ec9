import Federation
import Glibc
import Synchronization

/// Ctrl-C and SIGTERM: the first ends the runtime's work, then the process; the second ends the process at once.
///
/// At the prompt Ctrl-C is the prompt's, see ``PromptInterrupt``.
enum Signals {
    /// How long work may take to be cancelled before the process ends without it: a script may be spinning.
    private static let patience = Duration.seconds(1)

    /// The pipe between the handler, which may do next to nothing, and the thread that acts.
    private static let pipe = SignalPipe()
    private static let runtime = Mutex<Runtime?>(nil)
    private static let received = Atomic<Int32>(0)
    private static let prompt = Mutex<PromptInterrupt?>(nil)

    /// Gives Ctrl-C to a prompt, or takes it back.
    static func giveInterrupts(to prompt: PromptInterrupt?) { Self.prompt.withLock { $0 = prompt } }

    /// The exit code of a process that is ending because of a signal: what fails meanwhile is no news.
    static var exitCode: Int32? {
        let signal = received.load(ordering: .acquiring)
        return signal == 0 ? nil : 128 + signal
    }

    /// Starts to listen for SIGINT and SIGTERM on behalf of a runtime.
    ///
    /// Handlers, not a blocked mask: programs that a script starts inherit masks, and would be deaf to Ctrl-C.
    static func install(for runtime: Runtime) {
        Self.runtime.withLock { $0 = runtime }
        guard pipe.isOpen else { return }
        var thread = pthread_t()
        let started = pthread_create(&thread, nil, { _ in Signals.listen() }, nil)
        guard started == 0 else { return }
        pthread_detach(thread)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { signal in Signals.note(signal) }
        action.sa_flags = SA_RESTART
        sigaction(SIGINT, &action, nil)
        sigaction(SIGTERM, &action, nil)
    }

    /// In the handler: only what is safe there.
    private static func note(_ signal: Int32) {
        let saved = errno
        pipe.write(UInt8(truncatingIfNeeded: signal))
        errno = saved
    }

    private static func listen() -> UnsafeMutableRawPointer? {
        var signal = nextSignal()
        while signal == SIGINT, prompt.withLock({ $0 })?.take() == true { signal = nextSignal() }
        received.store(signal, ordering: .releasing)
        ServiceManager.stopping()
        let runtime = Self.runtime.withLock { $0 }
        // Handlers of the script have their own time.
        let patience = (runtime?.shutdownTime ?? .zero) + Self.patience
        Task.detached {
            await runtime?.shutdown()
            LineReader.restoreTerminal()
            leave(128 + signal)
        }
        var pause = pollfd(fd: pipe.readEnd, events: Int16(POLLIN), revents: 0)
        _ = poll(&pause, 1, Int32(clamping: Int64(patience / .milliseconds(1))))
        LineReader.restoreTerminal()
        LogWriter.standardError.flush(within: .milliseconds(100))
        die(of: signal)
    }

    /// Ends the process; where a signal is the reason, by that very signal, so that whoever started it sees that.
    static func leave(_ code: Int32) -> Never {
        let signal = received.load(ordering: .acquiring)
        if signal == 0 { Terminal.leave(code) }
        Terminal.leave(128 + signal) {
            LogWriter.standardError.flush(within: .seconds(1))
            die(of: signal)
        }
    }

    /// Ends the process by a signal.
    private static func die(of number: Int32) -> Never {
        signal(number, SIG_DFL)
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        pthread_sigmask(SIG_UNBLOCK, &only, nil)
        kill(getpid(), number)
        // The first process of a container is not ended by it.
        _exit(128 + number)
    }

    private static func nextSignal() -> Int32 {
        while true {
            if let byte = pipe.read() { return Int32(byte) }
        }
    }
}
