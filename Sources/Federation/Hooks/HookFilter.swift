import Diagnostics
import LuaBridge

/// For which of its hook's calls a listener is called: patterns over the text arguments, decided before the call.
///
/// ```lua
/// beforeRequest = { filter = { id = { "billing/*", "!billing/health" } }, handler = function(args) end }
/// ```
///
/// All keys have to match. An argument that is absent matches nothing.
struct HookFilter: Sendable, Equatable {
    /// What a pattern is matched against.
    enum Key: Sendable, Hashable {
        /// An argument of the hook, by its place and name.
        case argument(Int, String)
        /// The name that the remote of the call is registered under.
        case remote
        /// The code of the error.
        case code
        /// `loadRemote` or `preloadRemote`.
        case initiator
    }

    private struct Test: Sendable, Equatable {
        let key: Key
        let includes: [Glob]
        let excludes: [Glob]

        func matches(_ text: String) -> Bool {
            (includes.isEmpty || includes.contains { $0.matches(text) }) && !excludes.contains { $0.matches(text) }
        }
    }

    private var tests: [Test] = []

    /// Whether all patterns match.
    ///
    /// - Parameter text: The text under a key; nil: there is none.
    func matches(_ text: (Key) -> String?) -> Bool {
        for test in tests {
            guard let text = text(test.key), test.matches(text) else { return false }
        }
        return true
    }

    /// Adds patterns that have to match, too.
    mutating func add(_ key: Key, _ patterns: [String]) {
        tests.append(
            Test(
                key: key, includes: patterns.filter { !$0.hasPrefix("!") }.map { Glob($0) },
                excludes: patterns.filter { $0.hasPrefix("!") }.map { Glob($0.dropFirst()) }))
    }

    /// The arguments that are asked for.
    var arguments: [String] {
        tests.compactMap { test in if case .argument(_, let name) = test.key { name } else { nil } }
    }

    /// Whether nothing is asked.
    var isEmpty: Bool { tests.isEmpty }
}

extension HookFilter {
    /// What a filter of a hook with these arguments can ask for.
    static func keys<A>(of fields: [HookField<A>]) -> [String: Key] {
        var keys: [String: Key] = [:]
        for (index, field) in fields.enumerated() {
            if field.luaType == "string" || field.luaType.hasPrefix("\"") {
                keys[field.name] = .argument(index, field.name)
            }
            switch field.name {
            case "id", "remote", "remoteInfo", "moduleInfo", "pkgNameOrAlias": keys["remote"] = .remote
            case "error": keys["code"] = .code
            case "resourceContext": keys["initiator"] = .initiator
            default: break
            }
        }
        return keys
    }

    /// Patterns by key, as an author or owner writes them, before it is known for which hook.
    struct Patterns: Sendable, Equatable {
        var list: [(key: String, patterns: [String])] = []

        init(_ list: [(key: String, patterns: [String])] = []) { self.list = list }

        static func == (a: Self, b: Self) -> Bool {
            a.list.elementsEqual(b.list) { $0.key == $1.key && $0.patterns == $1.patterns }
        }
    }

    /// Adds patterns to the filter of a hook.
    ///
    /// - Parameter shared: The key that they are written under, where they count for all hooks of a plugin.
    /// - Throws: ``MFError`` with `HOOK-008` for a key that the hook can never have.
    mutating func add(_ patterns: Patterns, for hook: any DeclaredHook, sharedAs shared: String? = nil) throws {
        for (key, globs) in patterns.list {
            guard let known = hook.filterKeys[key] else {
                throw MFError.unknownFilterKey(key, of: hook, sharedAs: shared)
            }
            add(known, globs)
        }
    }
}

extension OptionType {
    /// The patterns of a filter, by key.
    static let hookFilter = OptionType("table<string, string|string[]>", "a table of patterns") { value, checker in
        guard let entries = try value.luaEntries() else { return checker.note("is not a table of patterns") }
        if entries.isEmpty { checker.note("has no key", hint: "name an argument, such as `id = \"billing/*\"`") }
        for (key, value) in entries {
            guard case .string(let name) = key else {
                checker.note("has the key \(key.luaTypeName)")
                continue
            }
            try checker.inside(.option(name)) { checker in
                if let text = value.stringValue { return Self.check(text, &checker) }
                guard let list = try value.luaElements(), !list.isEmpty else {
                    return checker.note(
                        "is not a pattern or a list of some", hint: "write a pattern such as \"billing/*\"")
                }
                for element in list {
                    guard let text = element.stringValue else {
                        return checker.note("has an element that is not a pattern")
                    }
                    Self.check(text, &checker)
                }
            }
        }
    }

    private static func check(_ text: String, _ checker: inout OptionChecker) {
        if text.isEmpty || text == "!" {
            checker.note("has an empty pattern", hint: "write a pattern such as \"billing/*\"")
        }
    }
}

extension HookFilter.Patterns {
    /// Reads patterns that were checked; keys sorted, as a table has no order.
    init(_ value: LuaValue) throws {
        for (key, value) in (try value.luaEntries() ?? []) {
            guard case .string(let name) = key else { continue }
            let texts = try value.stringValue.map { [$0] } ?? (value.luaElements() ?? []).compactMap(\.stringValue)
            list.append((name, texts))
        }
        list.sort { $0.key < $1.key }
    }
}
