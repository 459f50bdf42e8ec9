import Diagnostics
import EventLoops
import LuaBridge
import Posix

extension Operations {
    /// `mf.connect`.
    static let connectFunctions = [
        Function(
            name: "connect", signature: "fun(address: string, options?: mf.ConnectOptions): mf.Socket",
            summary: "Connects to `tcp://host:port`, `udp://host:port` or `unix:/path`; waits."
        ) { operations in
            LuaCallable(async: "connect") { call in
                let text = try call.string(0)
                guard let target = ConnectTarget(text) else {
                    throw MFError.badArgument(1, of: "connect", "`\(text)` is no address").replacing(
                        hint: "write \"tcp://host:port\", \"udp://host:port\" or \"unix:/path\"")
                }
                let timeout = try connectOptions.read(call, 1)["timeout"].time ?? .seconds(10)
                let late = MFError.cannotConnect(
                    text, "it took more than \(timeout)", hint: "raise `timeout`, or look for a firewall")
                let loop = operations.loop
                let descriptor = try await loop.within(timeout, late: late) { try await target.connect(text, on: loop) }
                return [.object(try SocketView(descriptor, text, isDatagram: target.isDatagram, operations))]
            }
        }
    ]

    /// What `mf.connect` takes besides.
    static let connectOptions = OptionTable([
        .init("timeout", .time, "How long connecting may take, the look-up of the name included; 10 s if absent."),
        .init(
            "tls",
            OptionType("nil", "no `tls`") { _, checker in
                checker.note(
                    "is not available in this version",
                    hint: "`mf.fetch` speaks HTTPS; for other protocols let a proxy such as stunnel do it")
            }, "Not available in this version."),
    ])
}

/// What an address of `mf.connect` names.
private enum ConnectTarget: Sendable {
    case host(String, port: UInt16, isDatagram: Bool)
    case unix(SocketAddress)

    init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard !path.isEmpty,
                let address = SocketAddress(unix: String(path.hasPrefix("//") ? path.dropFirst(2) : path))
            else {
                return nil
            }
            self = .unix(address)
            return
        }
        guard text.hasPrefix("tcp://") || text.hasPrefix("udp://") else { return nil }
        let rest = text.dropFirst(6)
        guard let colon = rest.lastIndex(of: ":"), let port = UInt16(rest[rest.index(after: colon)...]), port > 0 else {
            return nil
        }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") || host.contains("/") || host.contains("@") {
            return nil
        }
        guard !host.isEmpty, !host.utf8.contains(0) else { return nil }
        self = .host(String(host), port: port, isDatagram: text.hasPrefix("udp"))
    }

    var isDatagram: Bool { if case .host(_, _, true) = self { true } else { false } }

    func connect(_ text: String, on loop: EventLoop) async throws -> Int32 {
        var addresses: [SocketAddress] = []
        switch self {
        case .unix(let address): addresses = [address]
        case .host(let host, let port, _):
            do {
                addresses = try await loop.elsewhere { try SocketAddress.addresses(of: host, port: port) }
            } catch let error as SocketAddress.NoSuchHost {
                throw MFError.cannotConnect(
                    text, "cannot find the address of `\(host)`: \(error.reason.lowercased())",
                    hint: "check the spelling; `getent hosts \(host)` asks the same resolver")
            }
        }
        var problem = Errno(0)
        for address in addresses {
            do { return try await loop.connect(to: address, isDatagram: isDatagram) } catch let error as Errno {
                problem = error
            }
        }
        if problem.isOfResources { throw MFError.resourceLacking("descriptor for `\(text)`", problem.code) }
        throw MFError.cannotConnect(
            text, problem.description.lowercased(),
            hint: problem.isOfAbsence
                ? "the socket is made by the program that listens: is it running?"
                : "check that a program listens there, and that no firewall is between")
    }
}

extension MFError {
    fileprivate static func cannotConnect(_ address: String, _ reason: String, hint: String) -> MFError {
        MFError(
            .cannotConnect, "cannot connect to `\(address)`: \(reason)", context: [("address", address)], hint: hint)
    }

    /// A connection that cannot be used any more, or not in this way.
    static func connectionFailed(_ address: String, _ reason: String, hint: String? = nil) -> MFError {
        MFError(.connectionFailed, "connection to `\(address)`: \(reason)", context: [("address", address)], hint: hint)
    }
}
