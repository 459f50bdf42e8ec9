internal import CCurl
internal import DequeModule
internal import Diagnostics
internal import EventLoops

/// libcurl's multi handle, driven by a loop's descriptors and timers.
final class CurlPump: @unchecked Sendable {
    // Made by a fetcher on `loop`, which keeps it to itself; libcurl calls back inside of calls made there, and what a
    // cancelled fetch does is brought there.

    /// How many handles are kept for reuse.
    private static let keptHandles = 64

    let loop: EventLoop
    let library: CurlLibrary
    /// More connections than this do not make a server faster; the rest waits here, so that libcurl's deadlines count only
    /// what is under way.
    private let limits: FetchLimits
    /// Called when there was nothing to do for the limits' idle time.
    var onIdle: () -> Void = {}
    private var idleTimer: TimerID?
    private var heldBytes = 0
    private var multi: UnsafeMutableRawPointer?
    private var timer: TimerID?
    private var running: [UnsafeMutableRawPointer: CurlTransfer] = [:]
    /// How many of those hand their bodies out as they come.
    private var endless = 0
    private var runningPerHost: [String: Int] = [:]
    /// Those that wait for room, by host, first come first served; no host's queue is empty.
    private var waiting: [String: Deque<CurlTransfer>] = [:]
    private var idleHandles: [UnsafeMutableRawPointer] = []
    /// Whether libcurl is at work.
    private var isActing = false

    init(loop: EventLoop, library: CurlLibrary, limits: FetchLimits) throws {
        (self.loop, self.library, self.limits) = (loop, library, limits)
        guard let multi = library.table.pointee.multi_init() else { throw MFError.curlMissing("out of memory") }
        self.multi = multi
        _ = mf_curl_multi_set_long(library.table, multi, CURLMOPT_MAXCONNECTS, limits.keptConnections)
        _ = mf_curl_multi_set_callbacks(
            library.table, multi,
            { _, descriptor, what, context, _ in
                CurlPump.from(context).watch(descriptor, what)
                return 0
            },
            { _, milliseconds, context in
                CurlPump.from(context).setTimer(milliseconds)
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Fetches one URL, whatever its status, until a deadline.
    func fetch(
        _ request: FetchRequest, _ url: URLParts, until deadline: ContinuousClock.Instant
    ) async throws -> FetchResponse {
        let transfer = CurlTransfer(request, url, until: deadline)
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                transfer.continuation = continuation
                enter(transfer)
            }
        } onCancel: {
            loop.runOnLoop {
                transfer.isCancelled = true
                guard self.isActing else { return self.abort(transfer, MFError.fetchCancelled(request)) }
                // Whoever gets a body as it comes is called by libcurl, which does not want to be called then.
                self.loop.submit { self.abort(transfer, MFError.fetchCancelled(request)) }
            }
        }
    }

    /// Ends all transfers and closes all connections.
    func close() {
        guard let multi else { return }
        for transfer in Array(running.values) + waiting.values.joined() {
            abort(transfer, MFError.fetchCancelled(transfer.request), startingNext: false)
        }
        waiting = [:]
        for easy in idleHandles { library.table.pointee.easy_cleanup(easy) }
        idleHandles = []
        self.multi = nil
        withoutSignals { _ = library.table.pointee.multi_cleanup(multi) }
        for timer in [timer, idleTimer] { if let timer { loop.cancel(timer) } }
        (timer, idleTimer) = (nil, nil)
    }

    // MARK: - Transfers

    private func enter(_ transfer: CurlTransfer) {
        guard multi != nil, !transfer.isCancelled else {
            return transfer.finish(.failure(MFError.fetchCancelled(transfer.request)))
        }
        if let idleTimer { loop.cancel(idleTimer) }
        idleTimer = nil
        transfer.mayHold = { [unowned self] count in
            guard count <= limits.bytesUnderWay - heldBytes else { return false }
            heldBytes += count
            return true
        }
        // An answer without an end keeps nobody else from being asked.
        if transfer.request.onPart != nil || hasRoom(for: transfer.hostKey) { return begin(transfer) }
        waiting[transfer.hostKey, default: []].append(transfer)
        transfer.timer = loop.schedule(after: transfer.deadline - loop.now) { [weak self] in
            transfer.timer = nil
            self?.abort(transfer, MFError.timedOut(transfer.request))
        }
    }

    private func hasRoom(for host: String) -> Bool {
        running.count - endless < limits.transfers && runningPerHost[host, default: 0] < limits.transfersPerServer
    }

    private func begin(_ transfer: CurlTransfer) {
        if let timer = transfer.timer { loop.cancel(timer) }
        transfer.timer = nil
        guard let easy = idleHandles.popLast() ?? library.table.pointee.easy_init() else {
            return transfer.finish(.failure(MFError.curlMissing("out of memory")))
        }
        transfer.easy = easy
        running[easy] = transfer
        if transfer.request.onPart == nil {
            runningPerHost[transfer.hostKey, default: 0] += 1
        } else {
            endless += 1
            awaitHeader(of: transfer)
        }
        let code = transfer.configure(library, timeLeft: transfer.deadline - loop.now)
        guard code == CURLE_OK else {
            let failure = CurlFailure(code: code, text: library.describe(code))
            return abort(transfer, MFError.curl(failure, transfer.request, CurlCircumstances()))
        }
        withoutSignals { _ = library.table.pointee.multi_add_handle(multi, easy) }
    }

    /// Ends a transfer whose answer does not begin in time.
    private func awaitHeader(of transfer: CurlTransfer) {
        transfer.timer = loop.schedule(after: transfer.deadline - loop.now) { [weak self] in
            transfer.timer = nil
            self?.abort(transfer, MFError.timedOut(transfer.request))
        }
        transfer.onHeader = { [loop, unowned transfer] in
            if let timer = transfer.timer { loop.cancel(timer) }
            transfer.timer = nil
        }
    }

    /// Ends a transfer that libcurl has not ended; one that is over is passed over.
    private func abort(_ transfer: CurlTransfer, _ error: MFError, startingNext: Bool = true) {
        guard transfer.continuation != nil else { return }
        if let timer = transfer.timer { loop.cancel(timer) }
        transfer.timer = nil
        if transfer.easy == nil {
            waiting[transfer.hostKey]?.removeAll { $0 === transfer }
            if waiting[transfer.hostKey]?.isEmpty == true { waiting[transfer.hostKey] = nil }
        } else {
            release(transfer)
        }
        transfer.finish(.failure(error))
        if startingNext { beginWaiting() }
    }

    /// Takes what libcurl has ended.
    private func reap() {
        var code = CURLE_OK
        while let multi, let easy = mf_curl_multi_next_done(library.table, multi, &code) {
            guard let transfer = running[easy] else { continue }
            let result = transfer.result(library, code)
            release(transfer)
            transfer.finish(result)
        }
        beginWaiting()
    }

    /// Closes all connections when nothing uses them for long.
    private func awaitIdleness() {
        guard multi != nil, let time = limits.idleTime, running.isEmpty, waiting.isEmpty, idleTimer == nil else {
            return
        }
        idleTimer = loop.schedule(after: time, isBackground: true) { [weak self] in
            self?.idleTimer = nil
            self?.onIdle()
        }
    }

    private func beginWaiting() {
        while multi != nil, running.count - endless < limits.transfers, let host = waiting.keys.first(where: hasRoom),
            let next = waiting[host]?.popFirst()
        {
            if waiting[host]?.isEmpty == true { waiting[host] = nil }
            begin(next)
        }
        awaitIdleness()
    }

    private func release(_ transfer: CurlTransfer) {
        guard let easy = transfer.easy else { return }
        transfer.easy = nil
        heldBytes -= transfer.heldBytes
        running[easy] = nil
        if let timer = transfer.timer { loop.cancel(timer) }
        transfer.timer = nil
        if transfer.request.onPart == nil {
            let count = runningPerHost[transfer.hostKey, default: 1] - 1
            runningPerHost[transfer.hostKey] = count > 0 ? count : nil
        } else {
            endless -= 1
        }
        withoutSignals { _ = library.table.pointee.multi_remove_handle(multi, easy) }
        transfer.freeHeaders(library)
        if idleHandles.count < Self.keptHandles {
            library.table.pointee.easy_reset(easy)
            idleHandles.append(easy)
        } else {
            library.table.pointee.easy_cleanup(easy)
        }
    }

    // MARK: - libcurl's wishes

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlPump {
        Unmanaged<CurlPump>.fromOpaque(context!).takeUnretainedValue()
    }

    private func watch(_ descriptor: Int32, _ what: Int32) {
        guard what != CURL_POLL_REMOVE else { return loop.unwatch(descriptor: descriptor) }
        var interest: Interest = []
        if what & CURL_POLL_IN != 0 { interest.insert(.read) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.write) }
        loop.watch(descriptor: descriptor, for: interest, isBackground: running.isEmpty) { [weak self] ready in
            var flags: Int32 = 0
            if ready.contains(.read) { flags |= CURL_CSELECT_IN }
            if ready.contains(.write) { flags |= CURL_CSELECT_OUT }
            self?.act(descriptor, flags)
        }
    }

    private func setTimer(_ milliseconds: Int) {
        if let timer { loop.cancel(timer) }
        timer = nil
        guard milliseconds >= 0 else { return }
        // Without a transfer it closes connections.
        timer = loop.schedule(after: .milliseconds(milliseconds), isBackground: running.isEmpty) { [weak self] in
            self?.timer = nil
            self?.act(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    private func act(_ descriptor: Int32, _ flags: Int32) {
        guard let multi else { return }
        var count: Int32 = 0
        isActing = true
        withoutSignals { _ = library.table.pointee.multi_socket_action(multi, descriptor, flags, &count) }
        isActing = false
        reap()
    }

    private func withoutSignals(_ body: () -> Void) {
        let guarded = mf_sigpipe_block()
        body()
        mf_sigpipe_restore(guarded)
    }
}
