import LuaBridge

// Sizes and times: strings with a unit.

extension OptionType {
    /// A size such as `16MB`, or a number of bytes.
    static let byteCount = OptionType("string|integer", "a size such as \"16MB\"") { $0.byteCount != nil }
    /// A time such as `50ms`.
    static let duration = OptionType("string", "a time such as \"50ms\" or \"2s\"") { $0.duration != nil }
}

extension LuaValue {
    /// The size that an option says, at least one byte and less than a terabyte.
    var byteCount: Int? {
        let units = [("GB", 0x1p30), ("MB", 0x1p20), ("KB", 0x1p10), ("B", 1)]
        guard let count = intValue.map(Double.init) ?? stringValue.flatMap({ scaled($0, units) }), count >= 1,
            count < 1e12
        else { return nil }
        return Int(count)
    }

    /// The time that an option says, more than nothing and less than 31 years.
    var duration: Duration? { stringValue.flatMap(Duration.init(option:)) }
}

extension Duration {
    /// Reads `500us`, `50ms`, `1.5s`, `5m` (or `5min`), `1h`; nothing for anything else.
    init?(option text: String) {
        let units = [("us", 1e-6), ("ms", 1e-3), ("min", 60), ("s", 1), ("m", 60), ("h", 3600)]
        guard let seconds = scaled(text, units), seconds >= 1e-6, seconds < 1e9 else { return nil }
        self = .microseconds(Int64((seconds * 1e6).rounded()))
    }

    /// The same text once more, exact to a microsecond.
    var option: String {
        let (seconds, attoseconds) = components
        return "\(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)us"
    }
}

/// `16MB` by the first unit that fits.
private func scaled(_ text: String, _ units: [(String, Double)]) -> Double? {
    for (unit, factor) in units where text.hasSuffix(unit) {
        guard let number = Double(text.dropLast(unit.count)), number.isFinite else { return nil }
        return number * factor
    }
    return nil
}
