import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// The examples of Module Federation's plugin documentation, in Lua. The plugins are those in `Fixtures/plugins`.
@Suite(.timeLimit(.minutes(2))) struct SeedExamplesTests {
    private static let entryURL = "http://localhost:3006/remoteEntry.lua"
    private static let manifestURL = "http://localhost:3006/mf-manifest.json"
    private static let texts = [
        entryURL: SampleRemote.entry("[\"./disk\"] = function() return \"the disk\" end"),
        manifestURL: SampleRemote.manifest(name: "@demo/app2"),
    ]

    /// A host with the remote `@demo/app2` under the alias `app2`, and a plugin.
    private static func host(plugin: String, entry: String = manifestURL) -> String {
        """
        package.path = "\(Places.root)/Fixtures/plugins/?.lua;" .. package.path
        local said = {}
        local function say(what) said[#said + 1] = what end
        local host = mf.init {
          name = "@demo/app-main",
          remotes = { { name = "@demo/app2", entry = "\(entry)", alias = "app2" } },
          shared = { statsd = { version = "1.4.0", lib = function() return "statsd" end } },
          plugins = { \(plugin) },
        }

        """
    }

    // MARK: The first plugin

    @Test(
        arguments: [
            "require('custom-runtime-plugin') { say = say }",
            "{ './plugins/custom-runtime-plugin.lua', { say = say } }",
            "{ require('custom-runtime-plugin'), { say = say } }",
        ])
    func firstPluginIsToldOfEachStepHoweverItIsRegistered(plugin: String) async throws {
        let said = try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host(plugin: plugin) + """
                    local disk, statsd = mf.loadRemote("app2/disk"), mf.loadShare("statsd")
                    return disk, statsd(), table.concat(said, " ")
                    """)
        }
        #expect(
            said == [
                "the disk", "statsd", "beforeInit: beforeRequest: afterResolve: onLoad: beforeLoadShare: loadShare:",
            ])
    }

    @Test func pluginFileIsRegisteredByItsPathAlone() async throws {
        let module = try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host(plugin: "'./plugins/fallback-plugin.lua'") + "return mf.loadRemote('app2/gone')")
        }
        #expect(module == ["fallback"])
    }

    @Test func pluginIsRegisteredAfterInit() async throws {
        let module = try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host(plugin: "") + """
                    mf.registerPlugins { { "./plugins/fallback-plugin.lua", { fallback = "another" } } }
                    return mf.loadRemote("app2/gone"), host.options.plugins[1].name
                    """)
        }
        #expect(module == ["another", "fallback-plugin"])
    }

    // MARK: errorLoadRemote

    @Test(arguments: [entryURL, manifestURL])
    func fallbackTakesThePlaceOfAModuleThatDoesNotExist(entry: String) async throws {
        let module = try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host(plugin: "require('fallback-plugin')()", entry: entry)
                    + "return mf.loadRemote('app2/un-existed-module')")
        }
        #expect(module == ["fallback"])
    }

    @Test(arguments: [entryURL, manifestURL])
    func fallbackTakesThePlaceOfARemoteThatIsDown(entry: String) async throws {
        let module = try await withSite { site in
            try await site.lua(
                Self.host(plugin: "require('fallback-plugin')()", entry: entry) + "return mf.loadRemote('app2/disk')")
        }
        #expect(module == ["fallback"])
    }

    // Its own arguments, returned by a listener of an async hook, count as nothing: the failure goes on
    // to lifecycle `onLoad`.
    @Test func fallbackTakesThePlaceOfAModuleWhoseRequestFailed() async throws {
        let module = try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host(
                    plugin: """
                        require('fallback-plugin')(),
                        { name = "breaking-plugin", beforeRequest = function() error("not today") end }
                        """) + "return mf.loadRemote('app2/disk')")
        }
        #expect(module == ["fallback"])
    }

    @Test func otherArgumentsReturnedInLifecycleBeforeRequestLetTheLoadGoOn() async throws {
        let module = try await withSite(Self.texts) { site in
            try await site.lua(
                Self.host(
                    plugin: """
                        {
                          name = "another-way-plugin",
                          beforeRequest = function() error("not today") end,
                          errorLoadRemote = function(args)
                            if args.lifecycle == "beforeRequest" then
                              return { id = "app2/disk", options = args.options, origin = args.origin }
                            end
                          end,
                        }
                        """) + "return mf.loadRemote('app2/whatever')")
        }
        #expect(module == ["the disk"])
    }

    // MARK: resolveShare

    @Test(arguments: ["lib", "get"], ["loadShare", "loadShareSync"])
    func resolverPutsTheDesiredModuleIntoTheShareScope(by: String, function: String) async throws {
        try await withSite { site in
            let script = """
                package.path = "\(Places.root)/Fixtures/plugins/?.lua;" .. package.path
                mf.init {
                  name = "@demo/app-main", remotes = {},
                  shared = {
                    react = {
                      version = "17.0.0", scope = "default", lib = function() return "React" end,
                      shareConfig = { singleton = true, requiredVersion = "^17.0.0" },
                    },
                  },
                  plugins = {
                    { "./plugins/custom-shared-plugin.lua", { package = "react", module = "Desired Shared", by = "\(by)" } },
                  },
                }
                return mf.\(function)("react")()
                """
            // An entry that is got by waiting is of no use to a caller that cannot wait: its own module is taken.
            let expected: LuaValue = by == "get" && function == "loadShareSync" ? "React" : "Desired Shared"
            let module = try await site.lua(script)
            #expect(module == [expected])
        }
    }

    // MARK: createScript

    @Test(arguments: [nil, 1000])
    func createScriptChangesHowTheEntryIsRequested(timeout: Int?) async throws {
        try await withSite(Self.texts) { site in
            let plugin = """
                require('change-script-attribute-plugin') { url = "\(Self.entryURL)"\(timeout.map { ", timeout = \($0)" } ?? "") }
                """
            #expect(
                try await site.lua(
                    Self.host(plugin: plugin, entry: Self.entryURL) + "return mf.loadRemote('app2/disk')")
                    == ["the disk"])
            let request = try #require(site.memory?.requests.first)
            #expect(request.url == Self.entryURL)
            #expect(
                request.headers.map { "\($0.0): \($0.1)" }.sorted() == [
                    "crossorigin: anonymous", "loader-hooks: isTrue",
                ])
            #expect(request.timeout == (timeout.map { .milliseconds($0) } ?? FetchRequest(url: "").timeout))
        }
    }
}
