internal import Glibc
package import Posix

/// Reads a descriptor that does not block, a little ahead of those who want its bytes.
///
/// It stops reading while it holds enough, so that whoever writes has to wait. On the loop only.
package final class ByteReader: @unchecked Sendable {
    // Bytes are taken on `loop`, whose watcher adds them; a cancelled wait goes there first.

    /// Why there are no more bytes.
    package enum Ending: Sendable, Equatable {
        case end
        case failed(Errno)
        /// ``close()`` was called.
        case closed
    }

    private let loop: EventLoop
    private let descriptor: Int32
    /// How many bytes are held before reading stops.
    private var most: Int
    private var bytes: [UInt8] = []
    /// How many of ``bytes`` were taken.
    private var taken = 0
    private var isWatching = false
    private var isOpen = true
    private var waiter: CheckedContinuation<Void, any Error>?
    /// Why no bytes will follow those that are held; nil as long as some may.
    package private(set) var ending: Ending?
    /// Is told how many bytes are held when there are more.
    package var onGrowth: (@Sendable (Int) -> Void)?

    /// How much is asked of the system at once.
    private static let portion = 64 << 10

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - descriptor: What is read. It is closed with the reader.
    ///   - most: How many bytes are held before reading stops.
    package init(_ descriptor: Int32, on loop: EventLoop, holding most: Int) {
        (self.descriptor, self.loop, self.most) = (descriptor, loop, most)
        watch()
    }

    /// How many bytes are held.
    package var count: Int { bytes.count - taken }

    // MARK: - Taking

    /// Some bytes as soon as there are any, at most a number of them; nil at the end.
    ///
    /// - Throws: ``Errno`` when reading fails, ``ReadingFailure`` when another task reads; `CancellationError`.
    package func some(upTo limit: Int) async throws -> [UInt8]? {
        while count == 0 { guard try await more() else { return nil } }
        return take(min(limit, count))
    }

    /// A number of bytes; fewer where the end comes first, nil where it comes at once.
    ///
    /// - Throws: as ``some(upTo:)``.
    package func exactly(_ number: Int) async throws -> [UInt8]? {
        while count < number, try await more(for: number) {}
        if number > 0, count == 0 { return nil }
        return take(min(number, count))
    }

    /// A line; the last one may have no end. Nil where there is none.
    ///
    /// - Parameters:
    ///   - keepsEnd: Whether the line feed is part of it.
    ///   - limit: How long it may be.
    /// - Throws: as ``some(upTo:)``; ``ReadingFailure`` when the line is too long.
    package func line(keepsEnd: Bool, upTo limit: Int) async throws -> [UInt8]? {
        var searched = 0
        while true {
            if let end = bytes[(taken + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
                var line = take(end + 1 - taken)
                if !keepsEnd { line.removeLast() }
                return line
            }
            searched = count
            if searched > limit { throw ReadingFailure.tooLong(limit) }
            guard try await more(for: searched + 1) else { return count == 0 ? nil : take(count) }
        }
    }

    /// All that comes until the end.
    ///
    /// - Throws: as ``some(upTo:)``; ``ReadingFailure`` when there are more than `limit` bytes.
    package func toEnd(upTo limit: Int) async throws -> [UInt8] {
        while try await more(for: count + 1) {
            if count > limit { throw ReadingFailure.tooLong(limit) }
        }
        return take(count)
    }

    /// Takes what is held.
    package func takeAll() -> [UInt8] { take(count) }

    private func take(_ number: Int) -> [UInt8] {
        loop.checkOnLoop("ByteReader")
        if number == bytes.count {
            let all = bytes
            bytes = []
            watch()
            return all
        }
        let part = Array(bytes[taken..<taken + number])
        taken += number
        if taken > bytes.count / 2 {
            bytes.removeFirst(taken)
            taken = 0
        }
        watch()
        return part
    }

    /// Waits until more bytes are held; false when none will come.
    private func more(for wanted: Int = 1) async throws -> Bool {
        loop.checkOnLoop("ByteReader")
        if let ending {
            if case .failed(let error) = ending { throw error }
            return false
        }
        guard waiter == nil else { throw ReadingFailure.busy }
        most = max(most, wanted)
        watch()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    waiter = continuation
                }
            }
        } onCancel: {
            loop.runOnLoop { self.waiter.take()?.resume(throwing: CancellationError()) }
        }
        return true
    }

    // MARK: - Reading

    private func watch() {
        guard !isWatching, ending == nil, isOpen, count < most else { return }
        isWatching = true
        loop.watch(descriptor: descriptor, for: .read) { [weak self] _ in self?.read() }
    }

    private func unwatch() {
        guard isWatching else { return }
        isWatching = false
        loop.unwatch(descriptor: descriptor)
    }

    /// - Returns: How many bytes came.
    @discardableResult
    private func read() -> Int {
        var count = 0
        let part = [UInt8](unsafeUninitializedCapacity: Self.portion) { buffer, used in
            repeat {
                count = Glibc.read(descriptor, buffer.baseAddress!, buffer.count)
            } while count < 0 && errno == EINTR
            used = max(count, 0)
        }
        if count < 0, errno == EAGAIN { return 0 }
        if count <= 0 {
            end(count == 0 ? .end : .failed(.last))
            return 0
        }
        if bytes.isEmpty { bytes = part } else { bytes += part }
        onGrowth?(self.count)
        if self.count >= most { unwatch() }
        waiter.take()?.resume()
        return count
    }

    private func end(_ ending: Ending) {
        unwatch()
        guard self.ending == nil else { return }
        self.ending = ending
        onGrowth = nil
        waiter.take()?.resume()
    }

    /// Reads what is there already and takes it for the rest: who wrote it has ended.
    package func finish() {
        loop.checkOnLoop("ByteReader")
        // A pipe holds less; another process may have it, too, and write for ever.
        var left = 1 << 20
        while ending == nil, isOpen, left > 0 {
            let count = read()
            if count == 0 { break }
            left -= count
        }
        end(.end)
        release()
    }

    /// Closes the descriptor; who waits finds the end, and what is held can be taken still.
    package func close() {
        loop.checkOnLoop("ByteReader")
        end(.closed)
        release()
    }

    private func release() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }
}

/// Why bytes cannot be taken.
package enum ReadingFailure: Error, Equatable {
    /// Another task waits for bytes of the same descriptor.
    case busy
    /// More bytes came than are allowed.
    case tooLong(Int)
}
