import Glibc

/// Speaks to a server on this machine byte by byte: what it really sent, not what a client library makes of it.
public enum LoopbackClient {
    /// An answer taken apart as far as a test needs it.
    public struct Answer: Sendable {
        /// All that was received.
        public let text: String

        /// The number in the status line; nil when there is none.
        public var status: Int? { Int(text.split(separator: " ", maxSplits: 2).dropFirst().first ?? "") }

        /// The lines of the head.
        public var head: [Substring] {
            (text.components(separatedBy: "\r\n\r\n").first ?? "")[...].split(separator: "\r\n")
        }

        /// What follows the head.
        public var body: String { text.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }

        /// A header field's value.
        public func header(_ name: String) -> String? {
            let prefix = name.lowercased() + ":"
            return head.first { $0.lowercased().hasPrefix(prefix) }.map {
                String($0.dropFirst(prefix.count).drop { $0 == " " })
            }
        }
    }

    /// Asks for a path on a connection that the server is told to close, and reads until it does.
    public static func get(
        _ path: String, port: Int, method: String = "GET", headers: [String] = []
    ) async throws -> Answer {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Connection: close"] + headers
        return try await exchange(lines.joined(separator: "\r\n") + "\r\n\r\n", port: port)
    }

    /// Sends a text as it is and reads until the server closes the connection.
    public static func exchange(_ text: String, port: Int) async throws -> Answer {
        try await blocking {
            let descriptor = try connect(port)
            defer { close(descriptor) }
            try writeAll(Array(text.utf8), to: descriptor)
            return Answer(text: String(decoding: try readToEnd(descriptor), as: UTF8.self))
        }
    }

    /// Sends a text, reads until the answer contains `marker`, and leaves.
    public static func exchange(_ text: String, port: Int, until marker: String) async throws -> Answer {
        try await blocking {
            let descriptor = try connect(port)
            defer { close(descriptor) }
            try writeAll(Array(text.utf8), to: descriptor)
            var bytes: [UInt8] = []
            while !String(decoding: bytes, as: UTF8.self).contains(marker), let part = try readSome(descriptor) {
                bytes += part
            }
            return Answer(text: String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Asks for a path, and blocks until the answer is there.
    public static func getBlocking(_ path: String, port: Int) throws -> Answer {
        let descriptor = try connect(port)
        defer { close(descriptor) }
        try writeAll(Array("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8), to: descriptor)
        return Answer(text: String(decoding: try readToEnd(descriptor), as: UTF8.self))
    }

    /// Asks for a path, does something when the answer has begun, and only then reads on.
    ///
    /// - Returns: How many bytes of the body there were until the server closed the connection.
    public static func countBody(
        of path: String, port: Int, whenBegun action: @escaping @Sendable () throws -> Void
    ) async throws -> Int {
        try await blocking {
            let descriptor = try connect(port)
            defer { close(descriptor) }
            try writeAll(Array("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8), to: descriptor)
            var bytes: [UInt8] = []
            let end = Array("\r\n\r\n".utf8)
            while bytes.firstRange(of: end) == nil, let part = try readSome(descriptor) { bytes += part }
            var count = bytes.count - (bytes.firstRange(of: end)?.upperBound ?? bytes.count)
            try action()
            while let part = try readSome(descriptor) { count += part.count }
            return count
        }
    }

    private static func connect(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError("socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let failed = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) != 0
            }
        }
        guard !failed else {
            close(descriptor)
            throw SystemError("connect")
        }
        return descriptor
    }
}

extension String {
    /// The parts between the occurrences of a separator.
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
