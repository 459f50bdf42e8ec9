/// The globals that code has, by where it runs.
enum KnownGlobals {
    /// Those of the exposes of a remote, and of plugins.
    static let remote: Set<String> = [
        "_G", "_VERSION", "assert", "collectgarbage", "error", "getmetatable", "ipairs", "load", "next", "package",
        "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable",
        "tonumber", "tostring", "type", "warn", "xpcall", "coroutine", "debug", "io", "math", "os", "string", "table",
        "utf8",
    ]

    /// Those of a host's script.
    static let host: Set<String> = remote.union(["arg", "dofile", "loadfile"])

    /// Those of a test, with busted's words.
    static let test: Set<String> = host.union([
        "describe", "context", "insulate", "expose", "it", "spec", "test", "pending", "before_each", "after_each",
        "setup", "teardown", "lazy_setup", "lazy_teardown", "strict_setup", "strict_teardown", "finally", "spy", "stub",
        "mock", "match",
    ])

    /// The globals of a file by its path.
    static func of(_ path: String, isOfRemote: Bool) -> Set<String> {
        if isOfRemote { return remote }
        let name = path.split(separator: "/").last ?? ""
        let isTest =
            path.hasPrefix("spec/") || path.hasPrefix("test/") || path.contains("/spec/") || path.contains("/test/")
            || name.hasSuffix("_spec.lua") || name.hasSuffix("_test.lua")
        return isTest ? test : host
    }
}
