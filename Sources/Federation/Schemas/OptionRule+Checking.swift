import Fetch
import LuaBridge
import Posix

extension OptionRule {
    /// Whether a plain value follows the rule; what is inside of lists, maps and tables is checked by ``OptionResolver``.
    func accepts(_ value: LuaValue) -> Bool {
        let isOfKind: Bool =
            switch kind {
            case .string: value.luaTypeName == "string"
            case .integer: value.intValue != nil
            case .number: value.doubleValue?.isFinite == true
            case .boolean: value.boolValue != nil
            case .url: value.stringValue.map(Self.isURL) ?? false
            case .duration: value.duration != nil
            case .size: value.byteCount != nil
            case .path: value.bytesValue.map { !$0.isEmpty && !$0.contains(0) } ?? false
            case .function: value.isCallable
            case .any: !value.isNil
            case .enum(let values): values.contains { $0.isSameOption(as: value) }
            case .list, .map, .fields: value.isTable
            }
        return isOfKind && isWithinBounds(value)
    }

    private static func isURL(_ text: String) -> Bool {
        guard let url = URLParts(text), url.scheme != nil, let host = url.host else { return false }
        return !host.isEmpty && !text.contains(" ")
    }

    // MARK: - Bounds

    /// Whether `min` and `max` mean something.
    var hasBounds: Bool {
        switch kind {
        case .string, .integer, .number, .duration, .size, .list, .map: true
        case .boolean, .url, .path, .function, .any, .enum, .fields: false
        }
    }

    /// What a bound says, in the unit of ``measure(of:)``; nil for what can be none.
    func bound(_ value: LuaValue) -> Measure? {
        switch kind {
        case .integer: value.intValue.map(Measure.exact)
        case .number: value.doubleValue.flatMap { $0.isFinite ? .rounded($0) : nil }
        case .string, .list, .map: value.intValue.flatMap { $0 >= 0 ? .exact($0) : nil }
        case .duration, .size: measure(of: value)
        case .boolean, .url, .path, .function, .any, .enum, .fields: nil
        }
    }

    /// What bounds are compared with: the value of a number, the length of text, the count of elements.
    func measure(of value: LuaValue) -> Measure? {
        switch kind {
        case .integer: value.intValue.map(Measure.exact)
        case .number: value.doubleValue.map(Measure.rounded)
        case .string:
            value.stringValue.map { .exact($0.unicodeScalars.count) } ?? value.bytesValue.map { .exact($0.count) }
        case .duration: value.duration.map { .rounded($0 / .microseconds(1)) }
        case .size: value.byteCount.map(Measure.exact)
        case .list, .map: ((try? value.luaEntries()) ?? nil).map { .exact($0.count) }
        case .boolean, .url, .path, .function, .any, .enum, .fields: nil
        }
    }

    private func isWithinBounds(_ value: LuaValue) -> Bool {
        guard hasBounds, !(min.isNil && max.isNil), let measure = measure(of: value) else { return true }
        if let least = bound(min), measure < least { return false }
        if let most = bound(max), most < measure { return false }
        return true
    }

    /// A figure that bounds are compared with.
    enum Measure: Comparable {
        case exact(Int)
        case rounded(Double)

        static func < (a: Measure, b: Measure) -> Bool {
            if case .exact(let a) = a, case .exact(let b) = b { return a < b }
            return a.number < b.number
        }

        private var number: Double {
            switch self {
            case .exact(let number): Double(number)
            case .rounded(let number): number
            }
        }
    }
}

extension LuaValue {
    /// Whether two values are one choice: 1 and 1.0 are.
    func isSameOption(as other: LuaValue) -> Bool {
        if let a = doubleValue, let b = other.doubleValue { return a == b }
        return self == other
    }
}
