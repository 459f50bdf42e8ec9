import Glibc
import Posix

/// A process that is run to its end, or until it is stopped.
struct Child {
    /// What a finished process used.
    struct Usage {
        let nanoseconds: Double
        let status: Int32
    }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let id: pid_t
    private let start: ContinuousClock.Instant

    /// Starts a program, found along `PATH`. Its output is thrown away.
    ///
    /// - Parameter errors: Where its errors go; they are shown where nothing is named.
    init(_ arguments: [String], output: Int32? = nil, errors: String? = nil) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let output {
            posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        } else {
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        }
        if let errors { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY, 0) }
        let words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var id = pid_t()
        start = ContinuousClock.now
        let code = posix_spawnp(&id, arguments[0], &actions, nil, words, environ)
        guard code == 0 else {
            throw Failure(description: "\(arguments[0]) cannot be started: \(Errno(code))")
        }
        self.id = id
    }

    /// Waits for the process's end.
    func wait() -> Usage {
        var status: Int32 = 0
        while waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return Usage(nanoseconds: Measure.nanoseconds(ContinuousClock.now - start), status: status)
    }

    /// Asks the process to end and waits for it.
    func stop() {
        kill(id, SIGTERM)
        _ = wait()
    }

    /// Runs a program several times; the least time counts.
    ///
    /// - Throws: ``Failure`` if it does not exit with 0.
    static func best(of runs: Int, _ arguments: [String]) throws -> Usage {
        var nanoseconds = Double.infinity
        for _ in 0..<runs {
            let usage = try Child(arguments).wait()
            guard usage.status == 0 else {
                throw Failure(description: "\(arguments.joined(separator: " ")) ended with status \(usage.status)")
            }
            nanoseconds = min(nanoseconds, usage.nanoseconds)
        }
        return Usage(nanoseconds: nanoseconds, status: 0)
    }

    /// What a program prints.
    static func output(of arguments: [String]) throws -> String {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure(description: "no pipe: \(Errno.last)") }
        let child = try Child(arguments, output: ends[1])
        close(ends[1])
        defer { close(ends[0]) }
        var bytes: [UInt8] = []
        while true {
            let chunk = [UInt8](unsafeUninitializedCapacity: 4_096) {
                $1 = max(0, read(ends[0], $0.baseAddress!, $0.count))
            }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        guard child.wait().status == 0 else {
            throw Failure(description: "\(arguments.joined(separator: " ")) failed")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where along `PATH` a program is.
    static func find(_ program: String) -> String? {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin"])
            .map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
