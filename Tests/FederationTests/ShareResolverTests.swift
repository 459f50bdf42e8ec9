import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Which version of a shared module a consumer gets.
@Suite(.timeLimit(.minutes(1))) struct ShareResolverTests {
    /// What a host that offers some versions gets for a requirement.
    private func chosen(
        from versions: [String], requiring config: String, strategy: String = "version-first",
        loaded: String? = nil, plugin: String = "{ name = 'none-plugin' }"
    ) async throws -> LuaValue {
        let entries = versions.map { version in
            "{ version = '\(version)', get = function() return function() return '\(version)' end end }"
        }
        let first = loaded.map {
            "mf.loadShare('pkg', { customShareInfo = { shareConfig = { requiredVersion = '\($0)' } } })"
        }
        let script = """
            mf.init { name = "host", shareStrategy = "\(strategy)", plugins = { \(plugin) },
              shared = { pkg = { \(entries.joined(separator: ", ")) } } }
            \(first ?? "")
            local factory = mf.loadShare("pkg", { customShareInfo = { shareConfig = { \(config) } } })
            return factory and factory()
            """
        return try await withSite { try await $0.lua(script).first ?? .nil }
    }

    struct Choice: Sendable, CustomTestStringConvertible {
        let versions: [String]
        let config: String
        let expected: LuaValue
        var testDescription: String { "\(config) of \(versions)" }
    }

    @Test(arguments: [
        Choice(versions: ["1.0.0", "1.2.0", "2.0.0"], config: "requiredVersion = '*'", expected: "2.0.0"),
        Choice(versions: ["1.0.0", "2.0.0"], config: "requiredVersion = '^1.0.0'", expected: "1.0.0"),
        Choice(versions: ["1.0.0", "2.0.0"], config: "requiredVersion = false", expected: "2.0.0"),
        Choice(
            versions: ["1.0.0", "2.0.0"], config: "singleton = true, requiredVersion = '^1.0.0'", expected: "2.0.0"),
    ])
    func versionIsChosenByTheRequirement(choice: Choice) async throws {
        #expect(try await chosen(from: choice.versions, requiring: choice.config) == choice.expected)
    }

    @Test func loadedVersionIsPreferredByLoadedFirst() async throws {
        let versions = ["1.0.0", "1.1.0"]
        let preferred = try await chosen(
            from: versions, requiring: "requiredVersion = '^1.0.0'", strategy: "loaded-first", loaded: "1.0.0")
        #expect(preferred == "1.0.0")
    }

    @Test func strictSingletonOutOfRangeIsRefused() async throws {
        await expectMFError(.shareMismatch) {
            try await chosen(
                from: ["1.0.0", "2.0.0"],
                requiring: "singleton = true, strictVersion = true, requiredVersion = '^1.0.0'")
        }
    }

    @Test func resolverOfAListenerChooses() async throws {
        let plugin = """
            { name = "oldest-plugin", resolveShare = function(args)
              args.resolver = function() return args.shareScopeMap[args.scope][args.pkgName]["1.0.0"] end
              return args
            end }
            """
        let version = try await chosen(
            from: ["1.0.0", "2.0.0"], requiring: "requiredVersion = '*'", plugin: plugin)
        #expect(version == "1.0.0")
    }
}
