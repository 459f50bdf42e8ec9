internal import Glibc

/// The names of signals, such as `SIGTERM`.
package enum SignalName {
    private static let numbers: KeyValuePairs<String, Int32> = [
        "SIGHUP": SIGHUP, "SIGINT": SIGINT, "SIGQUIT": SIGQUIT, "SIGILL": SIGILL, "SIGTRAP": SIGTRAP,
        "SIGABRT": SIGABRT, "SIGBUS": SIGBUS, "SIGFPE": SIGFPE, "SIGKILL": SIGKILL, "SIGUSR1": SIGUSR1,
        "SIGSEGV": SIGSEGV, "SIGUSR2": SIGUSR2, "SIGPIPE": SIGPIPE, "SIGALRM": SIGALRM, "SIGTERM": SIGTERM,
        "SIGCHLD": SIGCHLD, "SIGCONT": SIGCONT, "SIGSTOP": SIGSTOP, "SIGTSTP": SIGTSTP, "SIGTTIN": SIGTTIN,
        "SIGTTOU": SIGTTOU, "SIGURG": SIGURG, "SIGXCPU": SIGXCPU, "SIGXFSZ": SIGXFSZ, "SIGVTALRM": SIGVTALRM,
        "SIGPROF": SIGPROF, "SIGWINCH": SIGWINCH, "SIGIO": SIGIO, "SIGPWR": SIGPWR, "SIGSYS": SIGSYS,
    ]

    /// Every name, in the order of the numbers.
    package static var all: [String] { numbers.map(\.key) }

    /// The number of a signal by its name, with or without `SIG`; nil for other texts.
    package static func number(of name: String) -> Int32? {
        numbers.first { $0.key == name || $0.key.dropFirst(3) == name }?.value
    }

    /// The name of a signal; `SIG40` for one that has none.
    package static func name(of number: Int32) -> String {
        numbers.first { $0.value == number }?.key ?? "SIG\(number)"
    }
}
