import LuaBridge
import Posix

extension OptionType {
    /// A time: a number of milliseconds, or a text with a unit.
    static let time = OptionType("number|string", timeText) { value, checker in
        if value.time != nil { return }
        checker.expected(timeText, found: value, hint: value.timeHint)
    }
    private static let timeText = "a time such as \"5s\", or a positive number of milliseconds"
}

extension LuaValue {
    /// The time that a number of milliseconds or a text with a unit says: more than nothing, and at most ten years.
    var time: Duration? {
        if let text = stringValue { return Duration(text: text) }
        guard let number = doubleValue, number > 0, number <= 3_652 * 86_400_000 else { return nil }
        return .microseconds(Swift.max(1, Int64(number * 1_000)))
    }

    /// How a time that cannot be read is written.
    var timeHint: String {
        if let text = stringValue, Duration(text: text + "s") != nil {
            return "a text has a unit: write \"\(text)s\" for seconds, or use `us`, `ms`, `min`, `h` or `d`"
        }
        return "write a number of milliseconds, or a number and `us`, `ms`, `s`, `min`, `h` or `d`: at most ten years"
    }
}
