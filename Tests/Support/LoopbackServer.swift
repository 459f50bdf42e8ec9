import Glibc

/// A server on 127.0.0.1 that answers as badly as a test wants. One thread a connection.
public final class LoopbackServer: Sendable {
    /// What a client sent.
    public struct Request: Sendable {
        /// The method.
        public var method: String
        /// The target.
        public var path: String
        /// The fields by their names in lower case.
        public var headers: [String: String]
        /// The body.
        public var body: [UInt8]
    }

    /// What happens on the connection, in order.
    public enum Step: Sendable {
        /// Sends bytes.
        case send([UInt8])
        /// Sends again and again, until the client has enough.
        case sendForEver([UInt8])
        /// Does nothing, until the client has enough.
        case hold
        /// Ends the connection.
        case close
    }

    /// The port, chosen by the system.
    public let port: Int
    private let listener: Int32
    private let answer: @Sendable (Request) -> [Step]
    private let accepted = Locked<[Int32]>([])
    private let seen = Locked<[String]>([])
    private let seenHeads = Locked<[String]>([])
    private let ended: AsyncStream<Void>.Continuation
    /// An element for each connection that a client has closed.
    public let closings: AsyncStream<Void>

    /// How many connections there have been.
    public var connectionCount: Int { accepted.withLock { $0.count } }
    /// The paths asked for, in order.
    public var paths: [String] { seen.withLock { $0 } }
    /// The heads of the requests as they came, in order.
    public var heads: [String] { seenHeads.withLock { $0 } }
    /// `http://127.0.0.1:` and the port.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// Starts to listen; each request is answered with steps.
    public init(_ answer: @escaping @Sendable (Request) -> [Step]) {
        self.answer = answer
        (closings, ended) = AsyncStream.makeStream()
        (listener, port) = LoopbackPort.take()
        listen(listener, 512)
        Self.startThread { self.acceptConnections() }
    }

    /// Ends the server and all its connections.
    public func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        for connection in accepted.withLock({ $0 }) { shutdown(connection, Int32(SHUT_RDWR)) }
    }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let box = Unmanaged.passRetained(Box(body)).toOpaque()
        pthread_create(
            &thread, nil,
            {
                Unmanaged<Box>.fromOpaque($0!).takeRetainedValue().body()
                return nil
            }, box)
        pthread_detach(thread)
    }

    private func acceptConnections() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            accepted.withLock { $0.append(connection) }
            // Descriptors stay open until the process ends, so that `stop` never meets a stranger of the same number.
            Self.startThread { self.serve(connection) }
        }
        Glibc.close(listener)
    }

    private func serve(_ connection: Int32) {
        defer { ended.yield() }
        var received: [UInt8] = []
        while let request = readRequest(connection, &received) {
            seen.withLock { $0.append(request.path) }
            for step in answer(request) {
                switch step {
                case .send(let bytes):
                    guard send(connection, bytes) else { return }
                case .sendForEver(let bytes):
                    while send(connection, bytes) {}
                    return
                case .hold:
                    var byte: UInt8 = 0
                    while recv(connection, &byte, 1, 0) > 0 {}
                    return
                case .close:
                    shutdown(connection, Int32(SHUT_RDWR))
                    return
                }
            }
        }
    }

    private func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func readRequest(_ connection: Int32, _ received: inout [UInt8]) -> Request? {
        while true {
            let text = String(decoding: received, as: UTF8.self)
            if let end = text.firstRange(of: "\r\n\r\n") {
                let lines = text[..<end.lowerBound].split(separator: "\r\n")
                let start = lines[0].split(separator: " ")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let pair = line.split(separator: ":", maxSplits: 1)
                    headers[pair[0].lowercased()] = pair.count > 1 ? String(pair[1].drop { $0 == " " }) : ""
                }
                let head = text[..<end.upperBound].utf8.count
                let length = Int(headers["content-length"] ?? "0") ?? 0
                if received.count >= head + length {
                    let body = Array(received[head..<(head + length)])
                    received.removeFirst(head + length)
                    seenHeads.withLock { $0.append(String(text[..<end.upperBound])) }
                    return Request(method: String(start[0]), path: String(start[1]), headers: headers, body: body)
                }
            }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            received += buffer.prefix(count)
        }
    }
}

extension LoopbackServer.Step {
    /// A whole answer.
    public static func reply(
        _ status: Int = 200, _ headers: [(String, String)] = [], _ body: [UInt8] = [], length: Int? = nil
    ) -> Self {
        var text = "HTTP/1.1 \(status) Whatever\r\nContent-Length: \(length ?? body.count)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        return .send(Array((text + "\r\n").utf8) + body)
    }

    /// A whole answer with a text.
    public static func text(_ text: String) -> Self {
        .reply(200, [("Content-Type", "text/plain")], Array(text.utf8))
    }

    /// Any bytes.
    public static func raw(_ text: String) -> Self { .send(Array(text.utf8)) }
}
