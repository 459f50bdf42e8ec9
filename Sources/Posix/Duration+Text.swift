extension Duration {
    /// The units of a duration's text, and their microseconds. `m` and `min` are the same.
    private static let units: [(name: Substring, microseconds: Double)] = [
        ("us", 1), ("ms", 1e3), ("s", 1e6), ("m", 60e6), ("min", 60e6), ("h", 3_600e6), ("d", 86_400e6),
    ]

    /// The longest duration that has a text: ten years.
    private static let longest = 3_652 * 86_400e6

    /// Reads a duration as users write it: a decimal number and a unit, nothing between.
    ///
    /// The units are `us`, `ms`, `s`, `m` or `min`, `h` and `d`. It is the grammar of every option that takes a time.
    ///
    /// ```swift
    /// Duration(text: "1.5s")      // 1.5 seconds
    /// Duration(text: "5min")      // 300 seconds
    /// Duration(text: "30")        // nil: no unit
    /// ```
    ///
    /// - Returns: Nil for any other text, for less than a microsecond, and for more than ten years.
    package init?(text: String) {
        let digits = text.prefix { $0 == "." || ("0"..."9").contains($0) }
        let unit = text[digits.endIndex...]
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), let number = Double(digits),
            let factor = Self.units.first(where: { $0.name == unit })?.microseconds
        else { return nil }
        let microseconds = (number * factor).rounded()
        guard microseconds >= 1, microseconds <= Self.longest else { return nil }
        self = .microseconds(Int64(microseconds))
    }

    /// A text that ``init(text:)`` reads as the same duration, exact to a microsecond.
    package var text: String {
        let (seconds, attoseconds) = components
        return "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)us"
    }
}
