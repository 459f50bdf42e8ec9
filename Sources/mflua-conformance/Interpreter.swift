import Federation
import LuaBridge

/// The interpreter's Lua files, as they are carried in the program.
enum Interpreter {
    private static let modules: [(name: String, source: [UInt8])] = [
        ("actions", PackageResources.actions_lua),
        ("arguments", PackageResources.arguments_lua),
        ("containers", PackageResources.containers_lua),
        ("errors", PackageResources.errors_lua),
        ("exposes", PackageResources.exposes_lua),
        ("inspect", PackageResources.inspect_lua),
        ("json", PackageResources.json_lua),
        ("kinds", PackageResources.kinds_lua),
        ("plugins", PackageResources.plugins_lua),
        ("project", PackageResources.project_lua),
        ("session", PackageResources.session_lua),
        ("shares", PackageResources.shares_lua),
        ("steps", PackageResources.steps_lua),
        ("trace", PackageResources.trace_lua),
        ("values", PackageResources.values_lua),
        ("views", PackageResources.views_lua),
    ]

    /// Makes the modules known to `require`, then runs the scenario that `native` holds.
    private static let start = """
        local native = require("conformance.native")
        for name, source in pairs(native.modules) do
          package.preload["conformance." .. name] = assert(load(source, "@interpreter/" .. name .. ".lua", "t"))
        end
        assert(load(native.main, "@interpreter/scenario.lua", "t"))(native)
        """

    /// Runs a scenario in a fresh runtime.
    static func run(on runtime: Runtime, native: LuaRecord) async throws {
        var native = native
        native["modules"] = .record(
            LuaRecord(modules.map { ($0.name, .string(String(decoding: $0.source, as: UTF8.self))) }))
        native["main"] = .string(String(decoding: PackageResources.scenario_lua, as: UTF8.self))
        try await runtime.provide("conformance.native", .record(native))
        try await runtime.evaluate(start, name: "@interpreter/start.lua")
    }
}
