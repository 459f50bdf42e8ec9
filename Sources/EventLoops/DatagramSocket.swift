internal import Glibc
package import Posix

/// A connected socket for UDP that does not block. On the loop only.
package final class DatagramSocket: @unchecked Sendable {
    // Every member checks that it runs on `loop`, whose watcher tells of datagrams.
    private let descriptor: Int32
    private let loop: EventLoop
    private var isOpen = true
    private var waiter: FirstOutcome<Void>?

    /// - Parameter descriptor: The socket, which is closed by ``close()``.
    package init(_ descriptor: Int32, on loop: EventLoop) { (self.descriptor, self.loop) = (descriptor, loop) }

    /// Waits for the next datagram; nil once the socket is closed.
    ///
    /// - Throws: ``Errno``; ``ReadingFailure`` when another task waits; `CancellationError`.
    package func receive() async throws -> [UInt8]? {
        loop.checkOnLoop("DatagramSocket")
        while isOpen {
            guard waiter == nil else { throw ReadingFailure.busy }
            var count = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, used in
                repeat {
                    count = recv(descriptor, buffer.baseAddress!, buffer.count, 0)
                } while count < 0 && errno == EINTR
                used = max(count, 0)
            }
            if count >= 0 { return bytes }
            guard errno == EAGAIN else { throw Errno.last }
            try await arrival()
        }
        return nil
    }

    private func arrival() async throws {
        let first = FirstOutcome<Void>()
        waiter = first
        loop.watch(descriptor: descriptor, for: .read) { _ in first.finish(.success(())) }
        defer { unwatch() }
        try await first.value(cancelledOn: loop)
    }

    private func unwatch() {
        // A closed descriptor's number may be another's by now.
        if waiter != nil, isOpen { loop.unwatch(descriptor: descriptor) }
        waiter = nil
    }

    /// Sends a datagram.
    ///
    /// - Throws: ``Errno``.
    package func send(_ bytes: [UInt8]) throws(Errno) {
        loop.checkOnLoop("DatagramSocket")
        let count = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count < 0 { throw .last }
    }

    /// Closes the socket; who waits is told that nothing will come.
    package func close() {
        loop.checkOnLoop("DatagramSocket")
        guard isOpen else { return }
        let waiting = waiter
        unwatch()
        isOpen = false
        Glibc.close(descriptor)
        waiting?.finish(.success(()))
    }
}
