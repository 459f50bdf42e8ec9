import Glibc

/// What this process holds of the system.
public enum ProcessFigures {
    /// The open descriptors.
    public static var descriptors: Int { entries(of: "/proc/self/fd").count }

    /// Bytes of memory that are really there, once what is free was given back.
    public static func residentMemory() throws -> Int {
        giveBackMemory()
        let pages = try contents(of: "/proc/self/statm").split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// `malloc_trim`, which Glibc's module does not show.
    private static func giveBackMemory() {
        typealias Trim = @convention(c) (Int) -> Int32
        guard let address = dlsym(nil, "malloc_trim") else { return }
        _ = unsafeBitCast(address, to: Trim.self)(0)
    }
}
