import EventLoops
import Federation
import Glibc
import Synchronization

/// Tells systemd how the process is, by the socket that `NOTIFY_SOCKET` names; says nothing without it.
enum ServiceManager {
    private static let wasReady = Atomic<Bool>(false)

    /// The service is up. Once; later calls tell the status alone.
    static func ready(_ status: String? = nil) {
        let text = status.map { "STATUS=\(line($0))" }
        let isFirst = wasReady.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
        notify([isFirst ? "READY=1" : nil, text].compactMap { $0 })
    }

    /// The service is about to end.
    static func stopping() { notify(["STOPPING=1"]) }

    /// Files are read anew; ``ready(_:)`` does not have to follow.
    static func reloaded() {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        notify(["RELOADING=1", "MONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1_000)"])
        notify(["READY=1"])
    }

    /// Begins to tell that the loop goes on, where systemd wants to know: each time after half of the time it allows.
    static func watch(_ runtime: Runtime) async throws {
        guard let text = Environment["WATCHDOG_USEC"], let microseconds = Int64(text), microseconds > 0,
            Environment["WATCHDOG_PID"].map({ Int32($0) == getpid() }) ?? true
        else { return }
        try await runtime.loop.perform { tick(runtime.loop, every: .microseconds(microseconds / 2)) }
    }

    private static func tick(_ loop: EventLoop, every time: Duration) {
        notify(["WATCHDOG=1"])
        loop.schedule(after: time, isBackground: true) { tick(loop, every: time) }
    }

    private static func line(_ text: String) -> String { text.replacing("\n", with: " ") }

    private static func notify(_ lines: [String]) {
        guard !lines.isEmpty, let path = Environment["NOTIFY_SOCKET"], path.hasPrefix("/") || path.hasPrefix("@") else {
            return
        }
        let socket = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return }
        defer { close(socket) }
        var name = sockaddr_un()
        guard path.utf8.count < MemoryLayout.size(ofValue: name.sun_path) else { return }
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { bytes in
            bytes.copyBytes(from: path.utf8)
            // A name that is no file begins with a zero byte.
            if path.hasPrefix("@") { bytes[0] = 0 }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let text = Array(lines.joined(separator: "\n").utf8)
        _ = withUnsafeBytes(of: &name) { address in
            sendto(
                socket, text, text.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT),
                address.baseAddress!.assumingMemoryBound(to: sockaddr.self), size)
        }
    }
}
