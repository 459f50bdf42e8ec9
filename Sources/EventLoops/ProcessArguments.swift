internal import CEventLoop

/// What the process was started with.
public enum ProcessArguments {
    /// The program's name and its arguments, as `main` gets them. Swift's own `CommandLine` reads them from /proc, which
    /// there need not be.
    public static let all: [String] = (0..<mf_argument_count()).map { String(cString: mf_argument($0)) }
}
