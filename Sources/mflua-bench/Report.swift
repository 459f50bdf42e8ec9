import Glibc

/// Prints figures as they come and remembers which fall short.
final class Report: @unchecked Sendable {
    // Used by one task at a time.
    private(set) var shortfalls = 0
    private let only: [String]

    init(only: [String]) {
        self.only = only
        print(Figure.heading)
    }

    /// Whether a group of figures is asked for.
    func wants(_ group: String) -> Bool { only.isEmpty || only.contains(group) }

    func add(_ figure: Figure) {
        if !figure.holds { shortfalls += 1 }
        print(figure.line)
        fflush(nil)
    }
}
