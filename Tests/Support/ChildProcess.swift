public import Glibc

/// A program that a test runs and watches.
public final class ChildProcess: Sendable {
    /// What a program left behind.
    public struct Result: Sendable, CustomStringConvertible {
        /// The exit code, or 128 and the number of the signal that ended it.
        public let code: Int32
        public let output: String
        public let errors: String
        public var description: String { "exit code \(code)\n--- output\n\(output)\n--- errors\n\(errors)" }
    }

    public let id: pid_t
    private let output: Int32
    private let errors: Int32

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path, or its name to be looked for in `PATH`.
    ///   - arguments: What follows its name.
    ///   - input: What it reads from standard input.
    ///   - environment: Variables set besides those of this process; nil removes one.
    ///   - folder: Its working folder.
    public init(
        _ program: String, _ arguments: [String] = [], input: String = "", environment: [String: String?] = [:],
        folder: String = "/"
    ) throws {
        var words = ["env", "-C", folder, "-u", "LUA_INIT", "-u", "LUA_PATH", "-u", "NO_COLOR"]
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where value == nil { words += ["-u", name] }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
            if let value { words.append("\(name)=\(value)") }
        }
        words += [program] + arguments

        let inputFile = try Self.temporaryFile(holding: input)
        errors = try Self.temporaryFile(holding: "")
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        output = ends[0]
        defer {
            close(inputFile)
            close(ends[1])
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputFile, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)
        var pointers = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, "/usr/bin/env", &actions, nil, &pointers, environ)
        guard failure == 0 else {
            errno = failure
            throw SystemError("posix_spawn")
        }
        id = child
    }

    deinit {
        close(output)
        close(errors)
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String, _ arguments: [String] = [], input: String = "", environment: [String: String?] = [:],
        folder: String = "/"
    ) async throws -> Result {
        try await ChildProcess(program, arguments, input: input, environment: environment, folder: folder).result()
    }

    /// Waits for the program's next output, at least one whole line, and gives it.
    public func nextOutput() async throws -> String {
        try await blocking { [output] in
            var text: [UInt8] = []
            while text.last != UInt8(ascii: "\n"), let part = try readSome(output) { text += part }
            return String(decoding: text, as: UTF8.self)
        }
    }

    /// What the program has written to standard error by now.
    public var errorsSoFar: String {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = pread(errors, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Sends a signal.
    public func signal(_ number: Int32) {
        kill(id, number)
    }

    /// Waits for the program's end; the output is what `nextOutput` has not given yet.
    public func result() async throws -> Result {
        try await blocking { [id, output, errors] in
            let text = try readToEnd(output)
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            lseek(errors, 0, SEEK_SET)
            let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
            return Result(
                code: code, output: String(decoding: text, as: UTF8.self),
                errors: String(decoding: try readToEnd(errors), as: UTF8.self))
        }
    }

    private static func temporaryFile(holding text: String) throws -> Int32 {
        var template = Array("/tmp/mflua-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw SystemError("mkstemp") }
        unlink(template)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        try writeAll(Array(text.utf8), to: descriptor)
        lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }
}

extension ChildProcess {
    /// Waits until the program listens on a TCP port on IPv4, and gives the port.
    ///
    /// For programs that do not say which port they got, or not at once.
    public func listeningPort() async throws -> Int {
        while try isRunning() {
            if let port = try currentPort() { return port }
            await Task.yield()
        }
        throw NotListening(result: try await result())
    }

    /// The program ended before it listened.
    public struct NotListening: Error {
        public let result: Result
    }

    private func isRunning() throws -> Bool {
        // The state stands behind the name in parentheses; Z: ended, and not yet waited for.
        let status = try contents(of: "/proc/\(id)/stat")
        return status[(status.lastIndex(of: ")") ?? status.startIndex)...].dropFirst(2).first != "Z"
    }

    private func currentPort() throws -> Int? {
        let folder = "/proc/\(id)/fd"
        let sockets = Set(entries(of: folder).compactMap { linkTarget("\(folder)/\($0)") })
        for line in try contents(of: "/proc/\(id)/net/tcp").split(separator: "\n").dropFirst() {
            let fields = line.split(separator: " ")
            // sl, local address, remote address, state (0A: listening), …, inode
            guard fields.count > 9, fields[3] == "0A", sockets.contains("socket:[\(fields[9])]") else { continue }
            return fields[1].split(separator: ":").last.flatMap { Int($0, radix: 16) }
        }
        return nil
    }
}

private func linkTarget(_ path: String) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else { return nil }
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
