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
    /// How many bytes are held before reading stops, unless whoever reads wants more at once.
    private let held: Int
    private var most: Int
    private var bytes: [UInt8] = []
    /// How many of ``bytes`` were taken.
    private var taken = 0
    private var isWatching = false
    private var isOpen = true
    /// Whether a task takes bytes: what it has seen must not be taken by another.
    private var isBusy = false
    private var waiter: FirstOutcome<Void>?
    /// Why no bytes will follow those that are held; nil as long as some may.
    package private(set) var ending: Ending?
    /// Called when more bytes are held.
    package var onGrowth: (@Sendable () -> Void)?

    /// How much is asked of the system at once.
    private static let portion = 64 << 10

    /// Begins to read.
    ///
    /// - Parameters:
    ///   - descriptor: What is read. It is closed with the reader.
    ///   - most: How many bytes are held before reading stops.
    package init(_ descriptor: Int32, on loop: EventLoop, holding most: Int) {
        (self.descriptor, self.loop, held, self.most) = (descriptor, loop, most, most)
        watch()
    }

    /// How many bytes are held.
    package var count: Int { bytes.count - taken }

    // MARK: - Taking

    /// A number of bytes; fewer where the end comes first, nil where it comes at once.
    ///
    /// - Throws: ``Errno`` when reading fails, ``ReadingFailure`` when another task reads; `CancellationError`.
    package func exactly(_ number: Int) async throws -> [UInt8]? {
        try await reading {
            while count < number, try await more(for: number) {}
            if number > 0, count == 0 { return nil }
            return take(min(number, count))
        }
    }

    /// A line; the last one may have no end. Nil where there is none.
    ///
    /// - Parameters:
    ///   - keepsEnd: Whether the line feed is part of it.
    ///   - limit: How long it may be.
    /// - Throws: as ``exactly(_:)``; ``ReadingFailure`` when the line is too long.
    package func line(keepsEnd: Bool, upTo limit: Int) async throws -> [UInt8]? {
        try await reading {
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
    }

    /// All that comes until the end.
    ///
    /// - Throws: as ``exactly(_:)``; ``ReadingFailure`` when there are more than `limit` bytes.
    package func toEnd(upTo limit: Int) async throws -> [UInt8] {
        try await reading {
            while try await more(for: count + 1) {
                if count > limit { throw ReadingFailure.tooLong(limit) }
            }
            return take(count)
        }
    }

    /// Has one task at a time take bytes, from when it begins to look at them.
    private func reading<T>(_ body: () async throws -> T) async throws -> T {
        loop.checkOnLoop("ByteReader")
        guard !isBusy else { throw ReadingFailure.busy }
        isBusy = true
        defer { (isBusy, most) = (false, held) }
        return try await body()
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
    private func more(for wanted: Int) async throws -> Bool {
        if let ending {
            if case .failed(let error) = ending { throw error }
            return false
        }
        most = max(most, wanted)
        watch()
        let arrival = FirstOutcome<Void>()
        waiter = arrival
        try await arrival.value(cancelledOn: loop)
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
        onGrowth?()
        if self.count >= most { unwatch() }
        waiter.take()?.finish(.success(()))
        return count
    }

    private func end(_ ending: Ending) {
        unwatch()
        guard self.ending == nil else { return }
        self.ending = ending
        onGrowth = nil
        waiter.take()?.finish(.success(()))
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
    /// Another task takes bytes of the same descriptor.
    case busy
    /// More bytes came than are allowed.
    case tooLong(Int)
}
