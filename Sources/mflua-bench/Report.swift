import Glibc

/// Prints figures as they come and remembers which fall short.
final class Report: @unchecked Sendable {
    // One task at a time adds figures: the groups are awaited one after another.
    private(set) var shortfalls = 0
    private var figures: [Figure] = []
    private let only: [String]

    init(only: [String]) {
        self.only = only
        print(Figure.heading)
    }

    /// Whether a group of figures is asked for.
    func wants(_ group: String) -> Bool { only.isEmpty || only.contains(group) }

    func add(_ figure: Figure) {
        if !figure.holds { shortfalls += 1 }
        figures.append(figure)
        print(figure.line)
        fflush(nil)
    }

    /// All figures as a JSON array, one object a line.
    var json: String {
        let rows = figures.map { figure in
            let name = figure.name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            return """
                {"name": "\(name)", "unit": "\(figure.unit.rawValue)", "ours": \(figure.ours), "peer": \(figure.peer), \
                "ratio": \(figure.ratio), "bar": \(figure.bar), "holds": \(figure.holds)}
                """
        }
        return "[\n" + rows.joined(separator: ",\n") + "\n]\n"
    }
}
