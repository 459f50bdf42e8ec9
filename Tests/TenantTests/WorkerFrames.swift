import EventLoops
import Glibc
import LuaBridge
import TestSupport

@testable import Federation

/// What a worker that has been taken over can send, byte by byte.
struct WorkerFrame {
    private(set) var bytes: [UInt8] = []

    static let request: Int64 = 1, answer: Int64 = 2, failure: Int64 = 3, notice: Int64 = 4

    init(_ kind: Int64, _ number: Int64) {
        integer(kind)
        integer(number)
    }

    /// A request or a notice, up to its values.
    init(_ kind: Int64, _ number: Int64, _ name: String, canWait: Bool = false) {
        self.init(kind, number)
        string(name)
        tag(canWait ? .true : .false)
        integer(0)
    }

    mutating func tag(_ tag: TenantCodec.Tag) { bytes.append(tag.rawValue) }

    mutating func word(_ word: UInt64) { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }

    mutating func integer(_ integer: Int64) {
        tag(.integer)
        word(UInt64(bitPattern: integer))
    }

    mutating func string(_ text: String) {
        tag(.string)
        word(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func error(_ code: String) {
        tag(.error)
        for text in [code, "it failed", ""] {
            word(UInt64(text.utf8.count))
            bytes += text.utf8
        }
    }

    func adding(_ change: (inout WorkerFrame) -> Void) -> WorkerFrame {
        var frame = self
        change(&frame)
        return frame
    }
}

/// An instance whose worker is the test: what is sent to it stays in the other socket.
final class ForgedWorker {
    let instance: WorkerSandbox
    let socket: Int32

    /// The numbers of the functions that it is given, in their order.
    static let printing: Int64 = 1, waiting: Int64 = 2
    /// The number of the first object that it is sent.
    static let firstView: Int64 = 3

    init(_ loop: EventLoop, _ options: TenantOptions = .process) throws {
        var sockets: [Int32] = [-1, -1]
        let failure = socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &sockets)
        precondition(failure == 0)
        socket = sockets[1]
        instance = try WorkerSandbox(
            socket: sockets[0], process: nil, loop: loop, options: options,
            imports: [
                ("print", TenantImport("print") { _, _ in .done([]) }),
                (
                    "loadShare",
                    TenantImport("loadShare") { arguments, _ in
                        .waiting(
                            TenantPending {
                                await loop.yieldToIO()
                                return arguments
                            })
                    }
                ),
            ])
    }

    /// Hears a frame as if the worker had sent it. What is no message ends the connection.
    func hear(_ bytes: [UInt8]) {
        do { try instance.peer.hear(bytes) } catch { instance.close() }
    }

    /// Reads what was sent to the worker and drops it.
    func drain() {
        withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { room in
            while read(socket, room.baseAddress!, room.count) > 0 {}
        }
    }

    func close() {
        instance.close()
        Glibc.close(socket)
    }
}
