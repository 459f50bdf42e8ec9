import Diagnostics
import LuaBridge
import LuaLibrary

/// A plugin that comes with mflua: `require("mf.plugins.retry")` is a function of its options.
struct ShippedPlugin: Sendable {
    /// The last part of its module's name.
    let name: String
    let summary: String
    let options: OptionTable

    /// The module's name.
    var module: String { "mf.plugins.\(name)" }
    /// The class of its options in the stubs.
    var luaTypeName: String { "\(module).Options" }

    static let all = [
        ShippedPlugin(
            name: "retry", summary: "Retries when a manifest, a remote entry or a file cannot be fetched.",
            options: OptionTable([
                .init("times", .integer(from: 0), "How many times to retry; 3 if absent."),
                .init("delay", .positive, "Milliseconds before the first retry; 1000 if absent."),
                .init("backoff", .positive, "The factor by which the delay grows after each attempt."),
                .init(
                    "url", .retryURLs,
                    "Where to retry: a list of URLs, one per attempt, or a function that returns one."),
                .init("log", .logFunction, "A function that receives each line; `false` disables logging."),
            ])),
        ShippedPlugin(
            name: "fallback", summary: "Supplies replacement modules when a remote cannot be loaded.",
            options: OptionTable([
                .init(
                    "modules", .map(of: .any, "a table of modules"), "Replacement modules by request or `remote/*`."),
                .init("default", .any, "The replacement for every other request."),
                .init("log", .logFunction, "A function that receives each line; `false` disables logging."),
            ])),
        ShippedPlugin(
            name: "trace", summary: "Shows each phase of a load and its duration.",
            options: OptionTable([
                .init("level", .word("info", "debug"), "The milestones, or every hook."),
                .init("output", .lines, "A function that receives each line, or a file; stderr if absent."),
                .init("color", .boolean, "Whether to use terminal colors."),
            ])),
    ]

    /// The plugin's function, which gets its options checked.
    fileprivate func load(into state: LuaState) throws -> LuaValue {
        let path = "plugins/\(name)-plugin.lua"
        let chunk = try state.load(LuaLibrary.source(of: path), name: "@mf/" + path)
        guard case .function(let make)? = try state.call(chunk).first else {
            throw MFError(.luaRuntime, "lua/\(path) did not return a function")
        }
        return .callable(
            LuaCallable(module) { [options] call in
                _ = try options.read(call, 0)
                return try call.state.call(make, [call[0]])
            })
    }
}

extension OptionType {
    fileprivate static let logFunction = orFalse(.function("fun(line: string)"))
    fileprivate static let retryURLs = OptionType(
        "string[]|fun(url: string, try: integer, kind: string): string?", "a list of URLs or a function"
    ) { value, checker in
        if value.isCallable { return }
        try list(of: .string, "a list of URLs or a function").check(value, &checker)
    }
    fileprivate static let lines = OptionType("fun(line: string)|file*", "a function or a file") { value in
        if case .userdata = value { return true }
        return value.isCallable
    }
}

extension Runtime {
    /// Lets the host's code `require("mf.plugins.retry")`, and the other plugins that come with mflua.
    ///
    /// They are compiled when they are asked for: a host that uses none does not pay for them.
    func offerShippedPlugins() throws {
        let preload = try state.globals.get("package").tableValue?.get("preload").tableValue
        for plugin in ShippedPlugin.all {
            let loader = LuaCallable("load \(plugin.module)") { call in [try plugin.load(into: call.state)] }
            try preload?.set(plugin.module, .callable(loader))
        }
    }
}
