public import LuaBridge

/// What a plugin declares about one of its options.
///
/// ```swift
/// "retries": OptionRule(.integer, default: 3, min: 0, max: 10, about: "How often to try again.")
/// ```
public struct OptionRule: Sendable {
    /// The values that an option takes.
    public indirect enum Kind: Sendable {
        /// Text; `min` and `max` count its characters.
        case string
        /// An integer, or a float without a fraction.
        case integer
        /// A finite number.
        case number
        /// `true` or `false`.
        case boolean
        /// An absolute URL with a host.
        case url
        /// A time such as `30s`.
        case duration
        /// A size such as `16MB`, or a number of bytes.
        case size
        /// The name of a file or folder.
        case path
        /// A function.
        case function
        /// Any value, passed on as it is.
        case any
        /// One of several strings, numbers or booleans.
        case `enum`([LuaValue])
        /// A list whose elements follow a rule; `min` and `max` count them.
        case list(OptionRule)
        /// Values under names that the user chooses; `min` and `max` count them.
        case map(OptionRule)
        /// A table with options of its own.
        case fields(OptionSchema)
    }

    /// The values that it takes.
    public var kind: Kind
    /// Whether it has to be given.
    public var isRequired: Bool
    /// The value where it is left out; `.nil`: none.
    public var defaultValue: LuaValue
    /// The least value, size or count; `.nil`: none.
    public var min: LuaValue
    /// The greatest value, size or count; `.nil`: none.
    public var max: LuaValue
    /// What it does, in a sentence.
    public var about: String
    /// Whether its text is shown nowhere; the plugin gets it as a secret.
    public var isSecret: Bool
    /// Former names, which are still taken.
    public var formerNames: [String]

    /// Declares an option.
    ///
    /// - Parameters:
    ///   - kind: The values that it takes.
    ///   - isRequired: Whether it has to be given.
    ///   - defaultValue: The value where it is left out.
    ///   - min: The least value, size or count, in the notation of the option: `1`, `"1s"`, `"1MB"`.
    ///   - max: The greatest one.
    ///   - about: What it does, in a sentence.
    ///   - isSecret: Whether its text is shown nowhere. For strings, URLs and paths.
    ///   - formerNames: Former names, which are still taken, with a warning.
    public init(
        _ kind: Kind, required isRequired: Bool = false, default defaultValue: LuaValue = .nil, min: LuaValue = .nil,
        max: LuaValue = .nil, about: String = "", secret isSecret: Bool = false, was formerNames: [String] = []
    ) {
        (self.kind, self.isRequired, self.defaultValue) = (kind, isRequired, defaultValue)
        (self.min, self.max, self.about, self.isSecret) = (min, max, about, isSecret)
        self.formerNames = formerNames
    }
}

extension OptionRule.Kind {
    /// The types that `type` names, in the order of the reference.
    static let named: [(name: String, kind: OptionRule.Kind)] = [
        ("string", .string), ("integer", .integer), ("number", .number), ("boolean", .boolean), ("url", .url),
        ("duration", .duration), ("size", .size), ("path", .path), ("function", .function), ("any", .any),
    ]

    /// Whether a secret, which is text, can stand for a value.
    var takesText: Bool {
        switch self {
        case .string, .url, .path, .duration, .size, .any: true
        case .enum(let values): values.contains { $0.stringValue != nil }
        case .integer, .number, .boolean, .function, .list, .map, .fields: false
        }
    }

    /// Whether its values may be declared secret.
    var mayBeSecret: Bool {
        switch self {
        case .string, .url, .path: true
        default: false
        }
    }
}

/// The options that a plugin declares: the one declaration from which they are checked and documented.
///
/// ```swift
/// let schema: OptionSchema = [
///     "url": OptionRule(.url, required: true, about: "The incoming webhook.", secret: true),
///     "level": OptionRule(.enum(["warn", "error"]), default: "error"),
///     "channels": OptionRule(.list(OptionRule(.string)), default: [], was: ["channel"]),
/// ]
/// ```
public struct OptionSchema: Sendable, ExpressibleByDictionaryLiteral {
    /// The options in order.
    public let rules: [(name: String, rule: OptionRule)]
    private let index: [String: Int]

    /// Makes a schema of options in order; of a name that comes twice the last counts.
    public init(_ rules: [(name: String, rule: OptionRule)]) {
        self.rules = rules
        index = Dictionary(rules.enumerated().map { ($1.name, $0) }) { $1 }
    }

    /// Makes a schema of options in order.
    public init(dictionaryLiteral elements: (String, OptionRule)...) {
        self.init(elements.map { (name: $0.0, rule: $0.1) })
    }

    /// The names in order.
    public var names: [String] { rules.map(\.name) }

    /// The rule of an option.
    public subscript(_ name: String) -> OptionRule? { index[name].map { rules[$0].rule } }
}
