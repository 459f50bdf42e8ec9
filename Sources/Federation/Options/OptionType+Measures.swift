import LuaBridge
import Posix

// Sizes and times: strings with a unit.

extension OptionType {
    /// A size such as `16MB`, or a number of bytes.
    static let byteCount = OptionType("string|integer", "a size such as \"16MB\"") { $0.byteCount != nil }
    /// A time such as `50ms`.
    static let duration = OptionType("string", "a time such as \"50ms\" or \"2s\"") { value, checker in
        guard value.duration == nil else { return }
        let hint: String? =
            if let number = value.shownNumber, Duration(text: number + "s") != nil {
                "a time has a unit: write \"\(number)s\" for seconds, or use `us`, `ms`, `min`, `h` or `d`"
            } else {
                "write a number and `us`, `ms`, `s`, `min`, `h` or `d`, of at most ten years"
            }
        checker.expected("a time such as \"50ms\" or \"2s\"", found: value, hint: hint)
    }
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

    /// The time that an option says.
    var duration: Duration? { stringValue.flatMap(Duration.init(text:)) }

    /// A number, or a text that may be one without its unit.
    fileprivate var shownNumber: String? {
        switch self {
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        default: stringValue
        }
    }
}

/// `16MB` by the first unit that fits.
private func scaled(_ text: String, _ units: [(String, Double)]) -> Double? {
    for (unit, factor) in units where text.hasSuffix(unit) {
        let digits = text.dropLast(unit.count)
        // `Double` reads hexadecimal, exponents and infinity, too.
        guard digits.allSatisfy({ $0 == "." || ("0"..."9").contains($0) }), let number = Double(digits) else {
            return nil
        }
        return number * factor
    }
    return nil
}
