import Diagnostics
public import LuaBridge

/// The options of a plugin in Swift: what they may be, and how they are read.
///
/// ```swift
/// struct SlackOptions: PluginOptions {
///     static let schema: OptionSchema = [
///         "url": OptionRule(.url, required: true, about: "The incoming webhook.", secret: true),
///         "retries": OptionRule(.integer, default: 3, min: 0, max: 10),
///     ]
///     let url: SecretText
///     let retries: Int
///
///     init(_ values: PluginOptionValues) throws {
///         url = try values.secret("url")
///         retries = values["retries"].intValue ?? 0
///     }
/// }
/// ```
public protocol PluginOptions: Sendable {
    /// The options that there are.
    static var schema: OptionSchema { get }

    /// Reads the options; they follow the schema.
    ///
    /// - Throws: Any error; the plugin is not attached then.
    init(_ values: PluginOptionValues) throws
}

/// Options that follow their schema, with defaults filled in and secrets resolved.
public struct PluginOptionValues: Sendable {
    private let values: LuaRecord
    private let holder: any SecretHolder

    init(_ values: LuaRecord, holder: any SecretHolder) { (self.values, self.holder) = (values, holder) }

    /// The value of an option; `.nil` where it was left out and has no default.
    public subscript(_ name: String) -> LuaValue { values[name] }

    /// The text of a secret option.
    ///
    /// - Throws: ``MFError`` with `LUA-004` where the option has no secret.
    public func secret(_ name: String) throws -> SecretText {
        guard let secret = values[name].objectValue as? Secret else {
            throw MFError.mismatch(expected: "a secret", found: values[name])
        }
        return SecretText(shown: secret.shown, text: try secret.text(for: holder))
    }
}

/// A text that is shown nowhere unless it is asked for.
public struct SecretText: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `‹secret env:SLACK_URL›`.
    public let description: String
    private let text: String

    init(shown: String, text: String) { (description, self.text) = (shown, text) }

    /// The same as ``description``.
    public var debugDescription: String { description }
    /// Nothing of the text.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// The text.
    public func reveal() -> String { text }
}

extension LuaValue {
    /// A secret for the options of a plugin: `env:NAME`, `file:PATH` or `cmd:COMMAND`.
    ///
    /// - Throws: ``MFError`` with `LUA-009` for what is no reference.
    public static func secret(_ reference: String) throws -> LuaValue { .object(try Secret(reference: reference)) }
}

/// What holds the secrets of a plugin in Swift: no Lua code is its.
final class SwiftPluginCode: SecretHolder {
    let secretHolderName: String
    init(_ name: String) { secretHolderName = name }
    func isCalling(_ state: LuaState) -> Bool { false }
}
