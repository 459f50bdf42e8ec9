import Glibc

/// A program that a test runs on a terminal of its own, as a person would.
public final class ChildTerminal: Sendable {
    private let id: pid_t
    private let terminal: Int32
    private let seen = Locked<[UInt8]>([])

    /// TIOCSPTLCK and TIOCGPTN, which Swift does not see.
    private static let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)

    /// Starts a program without arguments on a terminal without colours.
    ///
    /// - Parameter history: The file in which the program keeps what is typed; nil: none.
    public init(_ program: String, history: String? = nil) throws {
        terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var number: Int32 = 0
        var isLocked: Int32 = 0
        guard terminal >= 0, ioctl(terminal, Self.unlock, &isLocked) == 0, ioctl(terminal, Self.getNumber, &number) == 0
        else { throw SystemError("/dev/ptmx") }
        let path = "/dev/pts/\(number)"
        // `setsid -c` makes what it opens as standard input the terminal of a session of its own.
        let words = ["setsid", "-c", "-w", "env", "TERM=dumb", "NO_COLOR=1", "MFLUA_HISTORY=\(history ?? "")", program]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, 0, 1)
        posix_spawn_file_actions_adddup2(&actions, 0, 2)
        var pointers = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, "setsid", &actions, nil, &pointers, environ)
        guard failure == 0 else {
            errno = failure
            throw SystemError("posix_spawnp")
        }
        id = child
    }

    deinit { close(terminal) }

    /// Types a text; `\u{3}` is Ctrl-C.
    public func type(_ text: String) { try? writeAll(Array(text.utf8), to: terminal) }

    /// Reads until the program has shown a text that it had not shown before the last call.
    public func read(until text: String) async throws {
        try await blocking { [seen, terminal] in
            while true {
                let found = seen.withLock { seen in
                    let shown = String(decoding: seen, as: UTF8.self).replacing("\r\n", with: "\n")
                    guard let range = shown.firstRange(of: text) else { return false }
                    seen = Array(shown[range.upperBound...].utf8)
                    return true
                }
                if found { return }
                guard let part = try Self.next(from: terminal) else {
                    throw SystemError("the program ended before it said \(text)")
                }
                seen.withLock { $0 += part }
            }
        }
    }

    /// A program that shows nothing, and does not end.
    private struct Silence: Error {}

    /// What the program shows next; a test that waits in vain fails, for nothing could end it otherwise.
    private static func next(from terminal: Int32) throws -> [UInt8]? {
        var ready = pollfd(fd: terminal, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 30_000) > 0 else { throw Silence() }
        return try readSome(terminal)
    }

    /// Types the end of the input and waits for the program; its exit code, or 128 and the signal that ended it.
    public func end(typing text: String? = "\u{4}") async throws -> Int32 {
        if let text { type(text) }
        return try await blocking { [id, terminal] in
            do {
                while let part = try Self.next(from: terminal), !part.isEmpty {}
            } catch is Silence {
                kill(id, SIGKILL)
            } catch {
                // The terminal of a program that has ended gives an error.
            }
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        }
    }
}
