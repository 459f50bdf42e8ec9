/// A word of Lua source.
struct LuaToken: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case name
        case string
        case number
        /// An operator or a bracket.
        case mark
        /// A comment, with its dashes. Kept for the documentation of functions.
        case comment
    }

    let kind: Kind
    /// The name, the string's value, the mark.
    let text: String
    /// Counted from 1; where it begins.
    let line: Int

    func isMark(_ mark: String) -> Bool { kind == .mark && text == mark }
    func isName(_ name: String) -> Bool { kind == .name && text == name }
}
