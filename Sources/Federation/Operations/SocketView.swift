import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import Posix

/// A connection: what `mf.connect` returns.
final class SocketView: LuaObject, @unchecked Sendable {
    // Used by methods that a state calls on its loop, and closed by owners there; `deinit` sends there what is left to do.
    private let address: String
    private let operations: Operations
    private let channel: Channel
    private var holding: Holding?
    private var isOpen = true

    private enum Channel {
        case stream(ByteReader, ByteWriter)
        case datagrams(DatagramSocket)
    }

    /// How much is read ahead, and how long a line, or all of it, may be.
    private static let held = 64 << 10
    private static let longest = 16 << 20

    /// - Throws: ``MFError`` with `RUNTIME-016` where there is no descriptor left; the one given is closed then.
    init(_ descriptor: Int32, _ address: String, isDatagram: Bool, _ operations: Operations) throws {
        (self.address, self.operations) = (address, operations)
        let loop = operations.loop
        if isDatagram {
            channel = .datagrams(DatagramSocket(descriptor, on: loop))
        } else {
            // The loop watches a descriptor for one purpose: reading and writing have one each.
            let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else {
                let problem = errno
                Glibc.close(descriptor)
                throw MFError.resourceLacking("descriptor for `\(address)`", problem)
            }
            channel = .stream(
                ByteReader(descriptor, on: loop, holding: Self.held), ByteWriter(copy, on: loop))
        }
        holding = Holding(in: operations) { [weak self] in self?.close() }
    }

    deinit {
        guard isOpen else { return }
        let (channel, holding) = (channel, holding)
        operations.loop.runOnLoop {
            Self.close(channel)
            holding?.release()
        }
    }

    private func close() {
        guard isOpen else { return }
        isOpen = false
        Self.close(channel)
        holding.take()?.release()
    }

    private static func close(_ channel: Channel) {
        switch channel {
        case .stream(let reader, let writer):
            reader.close()
            // What was written and not sent yet is sent first.
            writer.end()
        case .datagrams(let socket): socket.close()
        }
    }

    static let luaTypeName = "mf.Socket"
    var luaDescription: String { "mf.Socket(\(address))" }
    var luaKeys: [LuaKey] { ["status"].map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        key == .string("status") ? .string(isOpen ? "open" : "closed") : .nil
    }

    static let luaMethods = [
        LuaCallable(async: "read") { call in
            let view = try call.object(0, as: SocketView.self)
            let format = try ReadFormat(call, 1)
            let timeout = call[2].isNothing ? nil : try call.time(2)
            return [try await view.read(format, within: timeout)]
        },
        LuaCallable("lines") { call in
            let view = try call.object(0, as: SocketView.self)
            let format = try ReadFormat(call, 1)
            return [.callable(LuaCallable(async: "lines") { _ in [try await view.read(format, within: nil)] })]
        },
        LuaCallable(async: "write") { call in
            let view = try call.object(0, as: SocketView.self)
            try await view.write(try call.bytes(1))
            return [call[0]]
        },
        closing("close"), closing("__close"),
    ]

    private static func closing(_ name: String) -> LuaCallable {
        LuaCallable(name) { call in
            try call.object(0, as: SocketView.self).close()
            return []
        }
    }

    private func read(_ format: ReadFormat, within limit: Duration?) async throws -> LuaValue {
        guard isOpen else { throw MFError.connectionFailed(address, "it is closed") }
        guard let limit else { return try await read(format) }
        let late = MFError.connectionFailed(
            address, "nothing came within \(limit)", hint: "what has come is kept for the next read")
        return try await operations.loop.within(limit, late: late) { [self] in try await read(format) }
    }

    private func read(_ format: ReadFormat) async throws -> LuaValue {
        do {
            switch channel {
            case .stream(let reader, _): return try await format.read(reader, upTo: Self.longest)
            case .datagrams(let socket): return try await socket.receive().map { .of($0) } ?? .nil
            }
        } catch let error as Errno {
            throw MFError.connectionFailed(address, error.description.lowercased())
        } catch ReadingFailure.busy {
            throw MFError.connectionFailed(
                address, "another task reads from it", hint: "let one task read, and pass on what it reads")
        } catch ReadingFailure.tooLong(let limit) {
            throw MFError.connectionFailed(
                address, "more than \(limit) bytes came without an end", hint: "read it in parts: `socket:read(65536)`")
        }
    }

    private func write(_ bytes: [UInt8]) async throws {
        guard isOpen else { throw MFError.connectionFailed(address, "it is closed") }
        do {
            switch channel {
            case .stream(_, let writer): try await writer.write(bytes)
            case .datagrams(let socket): try socket.send(bytes)
            }
        } catch let error as Errno {
            throw MFError.connectionFailed(address, error.description.lowercased())
        }
    }
}
