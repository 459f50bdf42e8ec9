/// What became of one case: a scenario, or a row of a table.
struct Outcome: Sendable {
    enum Result: Sendable {
        case passed
        /// Different where a defect of the recorded runtime is pinned: doing better is allowed.
        case allowed(String)
        case failed(String)
    }

    let suite: String
    let name: String
    let result: Result
    let duration: Duration

    var failure: String? {
        if case .failed(let text) = result { text } else { nil }
    }
}
