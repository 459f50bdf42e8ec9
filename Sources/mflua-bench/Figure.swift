/// One measured figure and what it is held against.
struct Figure: Sendable {
    /// What a number counts.
    enum Unit: String, Sendable {
        case nanoseconds = "ns"
        case bytes = "B"
        case instructions = "instructions"
    }

    let name: String
    let unit: Unit
    let ours: Double
    let peer: Double
    /// How many times the peer's value ours may be.
    let bar: Double

    init(_ name: String, ours: Double, peer: Double, bar: Double, unit: Unit = .nanoseconds) {
        self.name = name
        self.unit = unit
        self.ours = ours
        self.peer = peer
        self.bar = bar
    }

    var ratio: Double { ours / peer }
    var holds: Bool { ratio <= bar }

    /// The line of the report: name, ours, peer, ratio, bar, `ok` or `short`.
    var line: String {
        let cells = [
            (text(ours), 11), (text(peer), 11), (Self.decimal(ratio, places: 3), 9), (Self.decimal(bar, places: 3), 8),
        ]
        let numbers = cells.map { String(repeating: " ", count: max(1, $0.1 - $0.0.count)) + $0.0 }.joined()
        let padded = name + String(repeating: " ", count: max(1, 52 - name.count))
        return "\(padded)\(numbers)  \(holds ? "ok" : "short")"
    }

    static let heading =
        "name" + String(repeating: " ", count: 48) + "       ours       peer    ratio     bar  verdict"

    private func text(_ value: Double) -> String {
        switch unit {
        case .nanoseconds where value < 1e3: Self.decimal(value, places: 0) + " ns"
        case .nanoseconds where value < 1e6: Self.decimal(value / 1e3, places: 2) + " us"
        case .nanoseconds: Self.decimal(value / 1e6, places: 2) + " ms"
        case .bytes where value < 1_048_576: Self.decimal(value / 1024, places: 1) + " KiB"
        case .bytes: Self.decimal(value / 1_048_576, places: 1) + " MiB"
        case .instructions: Self.decimal(value, places: 0)
        }
    }

    static func decimal(_ value: Double, places: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let scaled = (value * scale).rounded()
        let whole = Int(scaled) / Int(scale)
        guard places > 0 else { return "\(whole)" }
        let fraction = String(Int(scaled) % Int(scale))
        return "\(whole)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
