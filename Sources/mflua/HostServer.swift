import Diagnostics
import EventLoops
import Federation
import Posix
import Serving

/// The server of `mf.serve`.
final class HostServer: WebServer {
    let url: String
    let port: Int?
    /// The server once it takes connections; they wait at its socket until then.
    private let server: Task<HTTPServer, any Error>

    /// Starts to listen.
    ///
    /// - Throws: ``MFError`` with `SERVE-001` when the address cannot be listened on.
    init(_ plan: WebServerPlan) throws {
        guard let address = ListeningSocket.Address(plan.address) else { throw MFError.badListenAddress(plan.address) }
        let socket: ListeningSocket
        do { socket = try ListeningSocket(address, isSuccessor: plan.isSuccessor) } catch {
            throw MFError.cannotServe(plan.address, error.errno)
        }
        switch socket.address {
        case .tcp(let host, let port):
            url = host.contains(":") ? "http://[\(host)]:\(port)" : "http://\(host):\(port)"
            self.port = port
        case .unix(let path): (url, port) = ("unix:" + path, nil)
        }
        var limits = ServerLimits()
        limits.bodyBytes = plan.maxBody
        if let time = plan.head { limits.head = time }
        if let time = plan.body { limits.body = time }
        if let time = plan.idle { limits.idle = time }
        if let time = plan.write { limits.write = time }
        server = Task.detached { [limits, handler = plan.handler] in
            do { return try await Self.start(on: socket, limits, handler) } catch {
                // The script has its server by now, and clients wait at the socket.
                Terminal.report(error)
                throw error
            }
        }
    }

    private static func start(
        on socket: ListeningSocket, _ limits: ServerLimits,
        _ handler: @escaping @Sendable (WebRequest) async -> WebReply
    ) async throws -> HTTPServer {
        try await HTTPServer.start(on: socket, limits: limits) { request in
            let reply = await handler(
                WebRequest(
                    method: request.method, target: request.path,
                    headers: request.headers.map { ($0.name, $0.value) }, body: request.body,
                    remoteAddress: request.remoteAddress))
            switch reply.body {
            case .bytes(let bytes): return .response(status: reply.status, headers: reply.headers, body: bytes)
            case .parts(let next): return .pieces(next, status: reply.status, headers: reply.headers)
            }
        }
    }

    func finish(within limit: Duration) async {
        guard let server = try? await server.value else { return }
        await server.finish(within: limit)
    }
}

extension MFError {
    fileprivate static func badListenAddress(_ text: String) -> MFError {
        MFError(
            .cannotServe, "cannot listen on `\(text)`: it is no address", context: [("listen", text)],
            hint: "write an address and a port, \"127.0.0.1:8080\", or \"unix:\" and a path")
    }

    fileprivate static func cannotServe(_ text: String, _ number: Int32) -> MFError {
        let problem = Errno(number)
        let reason = number == 0 ? "it is no address of this machine" : problem.description.lowercased()
        let hint: String? =
            switch number {
            case 0:
                "write a numeric address, such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" for all, or \"localhost:8080\""
            case 98: "another program has it: `ss -ltnp` shows which; port 0 lets the system choose"
            case 99: "it is no address of this machine: `ip addr` lists those"
            case _ where problem.isOfPermission:
                text.hasPrefix("unix:")
                    ? "check `ls -ld` of its folder" : "ports below 1024 need more rights: choose a higher one"
            case _ where problem.isOfAbsence: "the folder of the socket has to exist"
            default: nil
            }
        return MFError(.cannotServe, "cannot listen on `\(text)`: \(reason)", context: [("listen", text)], hint: hint)
    }
}
