/// How much one plan may fetch ahead: files, bytes, and files at a time. What goes beyond is fetched when it is required.
///
/// A manifest is written by others: without a bound a small one makes the host fetch gigabytes.
final class AheadBudget: @unchecked Sendable {
    // Used by the fetches of one plan, each a task of the loop that the plan was made on.
    private static let filesAtATime = 16
    /// Of a plan of the host's own remotes.
    static let bytesOfHost = 64 << 20

    private let received: () -> Int
    private let limit: Int
    private let files: Int
    private var begun = 0
    private var underWay = 0
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    /// Makes a budget.
    ///
    /// - Parameters:
    ///   - bytes: How many bytes may be fetched.
    ///   - files: How many files may be fetched.
    ///   - received: How many bytes have come so far, by whatever count.
    init(bytes: Int, files: Int = 1_000, received: @escaping () -> Int) {
        (limit, self.files, self.received) = (received() + bytes, files, received)
    }

    /// Waits for its turn; false when the budget is used up.
    func begin() async -> Bool {
        while underWay >= Self.filesAtATime {
            await withUnsafeContinuation { waiting.append($0) }
        }
        guard begun < files, received() < limit else { return false }
        begun += 1
        underWay += 1
        return true
    }

    /// Ends what ``begin()`` has let in, and lets the next one look.
    func end() {
        underWay -= 1
        let next = waiting
        waiting = []
        for waiter in next { waiter.resume() }
    }
}
