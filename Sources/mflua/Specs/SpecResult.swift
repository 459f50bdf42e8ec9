/// What came of one test.
struct SpecResult: Sendable {
    enum Outcome: String, Sendable { case passed, failed, pending }

    var outcome: Outcome
    /// The names of its blocks and its own.
    var name: String
    /// What failed, or why it is pending.
    var message: String?
    var milliseconds: Double
}

/// What came of the tests of a file.
struct SpecFileResult: Sendable {
    var file: String
    var results: [SpecResult] = []
    /// How often each line of each file ran, where lines are counted.
    var lines: [String: [Int: Int]] = [:]
    /// The lines that hold code, of the files that ran.
    var code: [String: [Int]] = [:]

    func count(_ outcome: SpecResult.Outcome) -> Int { results.count { $0.outcome == outcome } }
}
