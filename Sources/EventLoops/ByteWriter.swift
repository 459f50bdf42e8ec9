internal import CEventLoop
internal import DequeModule
internal import Glibc
internal import Posix

/// Writes to a descriptor that does not block, one text after another. On the loop only.
package final class ByteWriter: @unchecked Sendable {
    // Parts are added on `loop`, whose watcher writes them; a cancelled wait goes there first.
    private struct Part {
        let number: Int
        var bytes: ArraySlice<UInt8>
        var waiter: CheckedContinuation<Void, any Error>?
    }

    private let loop: EventLoop
    private let descriptor: Int32
    private var parts: Deque<Part> = []
    private var lastNumber = 0
    private var isWatching = false
    private var isOpen = true
    private var isEnding = false
    private var failure: Errno?

    /// - Parameter descriptor: What is written to. It is closed with the writer.
    package init(_ descriptor: Int32, on loop: EventLoop) { (self.descriptor, self.loop) = (descriptor, loop) }

    /// Writes bytes and waits until the system has taken all of them.
    ///
    /// - Throws: ``Errno`` when writing fails, `EPIPE` where nobody reads or the writer is closed; `CancellationError`.
    package func write(_ bytes: [UInt8]) async throws {
        loop.checkOnLoop("ByteWriter")
        if let failure { throw failure }
        if isEnding || !isOpen { throw Errno(EPIPE) }
        lastNumber += 1
        let number = lastNumber
        parts.append(Part(number: number, bytes: bytes[...]))
        writeOn()
        guard let index = parts.firstIndex(where: { $0.number == number }) else {
            if let failure { throw failure }
            return
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    parts[index].waiter = continuation
                }
            }
        } onCancel: {
            // What was begun is written to its end: half of a message would spoil the next one.
            loop.runOnLoop { self.leave(number) }
        }
    }

    /// Has bytes written some time; what becomes of them is not told.
    package func send(_ bytes: [UInt8]) {
        loop.checkOnLoop("ByteWriter")
        guard failure == nil, isOpen, !isEnding, !bytes.isEmpty else { return }
        lastNumber += 1
        parts.append(Part(number: lastNumber, bytes: bytes[...]))
        writeOn()
    }

    /// Closes the descriptor once all is written.
    package func end() {
        loop.checkOnLoop("ByteWriter")
        isEnding = true
        if parts.isEmpty { close() }
    }

    /// Closes the descriptor; who waits for a write gets `EPIPE`.
    package func close() {
        loop.checkOnLoop("ByteWriter")
        guard isOpen else { return }
        isOpen = false
        unwatch()
        Glibc.close(descriptor)
        let waiting = parts
        parts = []
        for part in waiting { part.waiter?.resume(throwing: failure ?? Errno(EPIPE)) }
    }

    private func leave(_ number: Int) {
        guard let index = parts.firstIndex(where: { $0.number == number }) else { return }
        parts[index].waiter.take()?.resume(throwing: CancellationError())
    }

    private func writeOn() {
        while let part = parts.first {
            let count = part.bytes.withUnsafeBytes { mf_write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { return watch() }
                failure = .last
                return close()
            }
            parts[0].bytes = part.bytes.dropFirst(count)
            if parts[0].bytes.isEmpty { parts.removeFirst().waiter?.resume() }
        }
        unwatch()
        if isEnding { close() }
    }

    private func watch() {
        guard !isWatching else { return }
        isWatching = true
        loop.watch(descriptor: descriptor, for: .write) { [weak self] _ in self?.writeOn() }
    }

    private func unwatch() {
        guard isWatching else { return }
        isWatching = false
        loop.unwatch(descriptor: descriptor)
    }
}
