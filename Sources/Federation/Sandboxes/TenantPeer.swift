import CSandbox
import Diagnostics
import EventLoops
import Glibc
import LuaBridge

/// One end of the socket between a host and its worker: requests both ways, each answered once.
///
/// A frame is the length of what follows in four bytes, then the encoded message: kind, number, and what belongs to it.
final class TenantPeer: @unchecked Sendable {
    // The socket's watcher, its timers and the callers that wait are all of `loop`; a cancelled caller is brought there.
    private enum Kind: Int64 { case request = 1, answer, failure, notice }
    enum Slot {
        case waiting(CheckedContinuation<LuaValues, any Error>?)
        case blocked
        case arrived(Result<LuaValues, any Error>)
    }

    /// What the other side may have done for it at a time, and may send.
    struct Bounds {
        /// Bytes of one message. What a worker sends was counted by Lua, and its encoding takes up to twice as much.
        var message: Int
        /// Requests of the other side that are not answered yet, beside those of calls that it was asked for; nil: any
        /// number.
        var requests: Int?

        fileprivate var frame: Int { 2 * message + (64 << 10) }
        /// Bytes that may wait to be sent. From half of it on a side with a bound on requests reads no more of them.
        fileprivate var outgoing: Int { 8 * frame + (8 << 20) }
    }

    /// How much a worker may send within a second, and what each frame counts at least: hearing a small one takes its
    /// time, too.
    private static let floodLimit = 64 << 20
    private static let leastFrame = 512

    private let socket: Int32
    private let loop: EventLoop
    /// May be narrowed once it is known what the tenant's options are.
    var bounds: Bounds
    private weak var directory: (any TenantDirectory)?
    private let serve: (String, LuaValues, Bool) throws -> CallOutcome
    private let onEnd: (MFError) -> Void

    private(set) var slots: [UInt64: Slot] = [:]
    /// What waits for the answer to each of them: what the other side asks for in its course, that waits for, too.
    private(set) var askers: [UInt64: Activity] = [:]
    /// The loads that these are part of: what the other side asks for in their course, such as another load, has their time.
    private var times: [UInt64: LoadTime] = [:]
    /// In a worker: what its host is to know of its waits.
    var waits: WorkerWaits?
    /// In a host: what the worker has told of them.
    let mirror: MirroredWaits?
    /// What is done for the other side and not answered yet.
    private var serving: [UInt64: Task<Void, any Error>] = [:]
    /// The numbers in `serving`, by the other side's numbers.
    private var served: [UInt64: UInt64] = [:]
    private var lastServed: UInt64 = 0
    /// How much of it there has been at a time, and beyond what number its memory is given back to the system.
    private var mostServed = 0
    private static let fewServed = 4
    private var lastNumber: UInt64 = 0
    private var incoming: [UInt8] = []
    /// How many bytes of ``incoming`` were heard already.
    private var heard = 0
    private var outgoing: [UInt8] = []
    private var watched: Interest = []
    /// How many messages there were, either way, and how many when the other side had nothing to do.
    private var messages: UInt64 = 0
    private var messagesWhenIdle: UInt64?
    private var idleQuestions = 0
    private var end: MFError?
    private var received = 0
    private var receivedSince: ContinuousClock.Instant

    /// Takes over one of two connected sockets.
    ///
    /// - Parameters:
    ///   - bounds: What the other side may send, and have done for it.
    ///   - serve: Answers the other side's requests: name, values, whether it may wait.
    ///   - onEnd: Is told once when the connection is at its end.
    init(
        socket: Int32, loop: EventLoop, bounds: Bounds, directory: any TenantDirectory,
        serve: @escaping (String, LuaValues, Bool) throws -> CallOutcome, onEnd: @escaping (MFError) -> Void
    ) {
        (self.socket, self.loop, self.bounds, self.directory) = (socket, loop, bounds, directory)
        (self.serve, self.onEnd) = (serve, onEnd)
        mirror = bounds.requests == nil ? nil : MirroredWaits()
        receivedSince = loop.now
        watch()
    }

    /// Closes the connection; what is under way fails.
    func close(_ reason: MFError) {
        guard end == nil else { return }
        end = reason
        loop.unwatch(descriptor: socket)
        Glibc.close(socket)
        let served = Array(serving.values)
        serving.removeAll()
        self.served.removeAll()
        for task in served { task.cancel() }
        if mostServed > Self.fewServed {
            loop.start {
                for task in served { _ = try? await task.value }
                sandbox_trim()
            }
        }
        let waiting = slots
        slots.removeAll()
        askers.removeAll()
        times.removeAll()
        mirror?.removeAll()
        for slot in waiting.values {
            if case .waiting(let continuation?) = slot { continuation.resume(throwing: reason) }
        }
        onEnd(reason)
    }

    /// Whether the other side was asked for something that it has not answered.
    var hasCallsUnderWay: Bool { slots.count > idleQuestions }

    /// Whether the other side has said that it only waits for this one, and nothing has passed between them since.
    var isIdle: Bool { end != nil || messagesWhenIdle == messages }

    /// Waits until the other side only waits for this one: it has no task that computes, sleeps or fetches.
    func untilIdle() async {
        idleQuestions += 1
        defer { idleQuestions -= 1 }
        guard let question = try? ask("idle", [], by: nil, canWait: true, deadline: .zero) else { return }
        let asked = messages
        _ = try? await question.finish()
        // The answer is a message, too.
        if messages == asked + 1 { messagesWhenIdle = messages }
    }

    // MARK: - Asking

    /// Asks the other side; waits without blocking, or blocks for as long as `deadline` says.
    ///
    /// - Parameter activity: What waits for the answer.
    func ask(
        _ name: String, _ values: LuaValues, by activity: Activity? = Activity.current, canWait: Bool,
        deadline: Duration
    ) throws -> CallOutcome {
        if let activity { waits?.ask(activity) }
        lastNumber += 1
        let number = lastNumber
        slots[number] = canWait ? .waiting(nil) : .blocked
        askers[number] = activity
        times[number] = LoadTime.current
        do {
            try send(
                [
                    .integer(Kind.request.rawValue), .integer(Int64(bitPattern: number)), .string(name),
                    .boolean(canWait), .integer(activity?.number ?? 0),
                ] + values)
        } catch {
            drop(number)
            throw error
        }
        if !canWait { return .done(try block(number, deadline)) }
        return .waiting(TenantPending { try await self.answer(number) })
    }

    /// Tells the other side something that it does not answer.
    func tell(_ name: String, _ values: LuaValues) {
        try? send([.integer(Kind.notice.rawValue), .integer(0), .string(name), .boolean(false), .integer(0)] + values)
    }

    private func answer(_ number: UInt64) async throws -> LuaValues {
        if let end { throw end }
        if case .arrived(let result)? = slots[number] {
            drop(number)
            return try result.get()
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    slots[number] = .waiting(continuation)
                }
            }
        } onCancel: {
            loop.runOnLoop {
                guard case .waiting(let continuation)? = self.drop(number) else { return }
                if self.waits != nil { self.tell("unasked", [.integer(Int64(bitPattern: number))]) }
                continuation?.resume(throwing: CancellationError())
            }
        }
    }

    @discardableResult private func drop(_ number: UInt64) -> Slot? {
        if let activity = askers.removeValue(forKey: number) { waits?.answered(activity) }
        times[number] = nil
        mirror?.endAll(of: Int64(bitPattern: number))
        return slots.removeValue(forKey: number)
    }

    private func block(_ number: UInt64, _ deadline: Duration) throws -> LuaValues {
        let last = loop.now + deadline
        while true {
            if case .arrived(let result)? = slots[number] {
                drop(number)
                return try result.get()
            }
            if let end { throw end }
            let remaining = loop.now.duration(to: last)
            guard remaining > .zero, sandbox_wait(socket, !outgoing.isEmpty, max(1, remaining.milliseconds)) == 1 else {
                drop(number)
                throw MFError.workerSilent()
            }
            flush()
            readable()
        }
    }

    // MARK: - Hearing

    /// Whether the other side does not take what it is sent, and is to take that before it says more.
    private var isCongested: Bool { bounds.requests != nil && outgoing.count > bounds.outgoing / 2 }

    private func readable() {
        if end != nil || isCongested { return }
        let count = withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 1) { room in
            let count = sandbox_read(socket, room.baseAddress!, room.count)
            if count > 0 { incoming.append(contentsOf: room[..<count]) }
            return count
        }
        if count == -Int(EAGAIN) { return }
        guard count > 0 else { return close(MFError.workerEnded()) }
        // What hears a frame may come here again, for the answer to a call of its own.
        while end == nil, incoming.count - heard >= 4 {
            let length = incoming[heard..<heard + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
            guard length <= bounds.frame else { return close(MFError.garbled()) }
            guard incoming.count - heard - 4 >= length else { break }
            let frame = Array(incoming[heard + 4..<heard + 4 + length])
            heard += 4 + length
            noteReceived(max(length, Self.leastFrame))
            do { try hear(frame) } catch {
                return close((error as? MFError) ?? MFError.garbled())
            }
        }
        // Once for all frames: taking each off the front would move the rest each time.
        incoming.removeFirst(heard)
        heard = 0
    }

    func noteReceived(_ bytes: Int) {
        guard bounds.requests != nil else { return }
        let now = loop.now
        if receivedSince.duration(to: now) > .seconds(1) { (received, receivedSince) = (0, now) }
        received += bytes
        if received > Self.floodLimit { close(MFError.workerFloods()) }
    }

    /// Takes a whole message of the other side, which may be anything.
    func hear(_ frame: [UInt8]) throws {
        if end != nil { return }
        messages &+= 1
        guard let directory else { throw MFError.stateGone() }
        var decoder = TenantDecoder(frame, directory, limit: bounds.requests == nil ? .max : bounds.message)
        let message = try decoder.values()
        guard message.count >= 2, case .integer(let kind) = message[0], let kind = Kind(rawValue: kind),
            case .integer(let signed) = message[1], let number = UInt64(exactly: signed)
        else { throw MFError.garbled() }
        switch kind {
        case .answer:
            guard number > 0, number <= lastNumber else { throw MFError.garbled() }
            arrive(number, .success(Array(message.dropFirst(2))))
        case .failure:
            guard number > 0, number <= lastNumber, message.count == 3,
                case .object(let object) = message[2], let error = object as? LuaErrorObject
            else { throw MFError.garbled() }
            arrive(number, .failure(error.error))
        case .request, .notice:
            guard (number > 0) == (kind == .request), message.count >= 5, case .string(let name) = message[2],
                case .boolean(let canWait) = message[3], case .integer(let cause) = message[4]
            else { throw MFError.garbled() }
            // Whatever waits here while this is heard has nothing to do with it.
            let activity =
                mirror == nil ? Activity("request \(number)", number: signed) : self.activity(of: cause)
            Activity.$running.withValue(activity) {
                LoadTime.$running.withValue(UInt64(exactly: cause).flatMap { times[$0] }) {
                    answer(number, kind == .request, name, Array(message.dropFirst(5)), canWait)
                }
            }
        }
    }

    private func arrive(_ number: UInt64, _ result: Result<LuaValues, any Error>) {
        switch slots[number] {
        case .waiting(let continuation?):
            drop(number)
            continuation.resume(with: result)
        case .waiting(nil), .blocked: slots[number] = .arrived(result)
        default: break
        }
    }

    private func answer(_ number: UInt64, _ isAsked: Bool, _ name: String, _ values: LuaValues, _ canWait: Bool) {
        do {
            switch try serve(name, values, canWait) {
            case .done(let results): if isAsked { reply(number, .success(results)) }
            case .waiting(let pending):
                // Each call of the tenant waits for one thing at a time, and each of its tasks.
                if let most = bounds.requests, serving.count >= most + slots.count {
                    return close(MFError.workerAsksTooMuch(most))
                }
                lastServed += 1
                let served = lastServed
                mostServed = max(mostServed, serving.count + 1)
                if isAsked { self.served[number] = served }
                serving[served] = loop.start { [self] in
                    do { reply(number, .success(try await pending.finish())) } catch { reply(number, .failure(error)) }
                    serving[served] = nil
                    if self.served[number] == served { self.served[number] = nil }
                }
            }
        } catch let error as MFError where error.isGarbled {
            close(error)
        } catch {
            if isAsked { reply(number, .failure(error)) }
        }
    }

    /// Ends what the other side has asked for and does not wait for any more.
    func cancel(_ number: UInt64) {
        if let served = served[number] { serving[served]?.cancel() }
    }

    private func reply(_ number: UInt64, _ result: Result<LuaValues, any Error>) {
        do {
            switch result {
            case .success(let values):
                try send([.integer(Kind.answer.rawValue), .integer(Int64(bitPattern: number))] + values)
            case .failure(let error): throw error
            }
        } catch {
            let error = (error as? MFError) ?? MFError(.luaRuntime, "\(error)")
            try? send(
                [.integer(Kind.failure.rawValue), .integer(Int64(bitPattern: number)), .object(LuaErrorObject(error))])
        }
    }

    // MARK: - Sending

    private func send(_ message: LuaValues) throws {
        if let end { throw end }
        guard let directory else { throw MFError.stateGone() }
        let bytes = try TenantEncoder.message(
            message, directory, limit: bounds.requests == nil ? bounds.frame : bounds.message + 4096)
        withUnsafeBytes(of: UInt32(bytes.count).littleEndian) { outgoing.append(contentsOf: $0) }
        outgoing.append(contentsOf: bytes)
        messages &+= 1
        flush()
    }

    private func flush() {
        var sent = 0
        while sent < outgoing.count {
            let count = outgoing.withUnsafeBytes { sandbox_write(socket, $0.baseAddress! + sent, $0.count - sent) }
            if count <= 0 { break }
            sent += count
        }
        outgoing.removeFirst(sent)
        if outgoing.count > bounds.outgoing { return close(MFError.workerSilent()) }
        watch()
    }

    /// Waits for what there is to do at the socket.
    private func watch() {
        guard end == nil else { return }
        var interest: Interest = isCongested ? [] : .read
        if !outgoing.isEmpty { interest.insert(.write) }
        guard interest != watched else { return }
        watched = interest
        // What comes of itself is asked for before a wait is given up: see `isIdle`.
        loop.watch(descriptor: socket, for: interest, isBackground: outgoing.isEmpty) { [weak self] ready in
            if ready.contains(.write) { self?.flush() }
            if ready.contains(.read) { self?.readable() }
        }
    }
}
