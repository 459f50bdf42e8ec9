/// The Lua files that mflua ships, embedded in the binary.
public enum LuaLibrary {
    /// The source text of a file below `lua/`, such as `mf/require.lua`; empty when there is none of this name.
    public static func source(of path: String) -> [UInt8] { files[path] ?? [] }

    /// The paths of all files.
    public static var paths: [String] { files.keys.sorted() }

    private static let files: [String: [UInt8]] = [
        "mf/arguments.lua": PackageResources.arguments_lua,
        "mf/environment.lua": PackageResources.environment_lua,
        "mf/guard.lua": PackageResources.guard_lua,
        "mf/require.lua": PackageResources.require_lua,
        "plugins/fallback-plugin.lua": PackageResources.fallback_plugin_lua,
        "plugins/retry-plugin.lua": PackageResources.retry_plugin_lua,
        "plugins/trace-plugin.lua": PackageResources.trace_plugin_lua,
        "spec/assertions.lua": PackageResources.assertions_lua,
        "spec/coverage.lua": PackageResources.coverage_lua,
        "spec/federation.lua": PackageResources.federation_lua,
        "spec/runner.lua": PackageResources.runner_lua,
        "spec/spies.lua": PackageResources.spies_lua,
    ]
}
