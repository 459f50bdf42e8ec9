import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Every function that takes an option table: a misspelt key and a value of a wrong type are named, all together, before
/// anything runs.
@Suite(.timeLimit(.minutes(1))) struct OptionDoorsTests {
    /// One option table, and how it is reached.
    struct Door: Sendable, CustomTestStringConvertible {
        /// The call; `KEYS` stands for what is in the table.
        let call: String
        /// What the paths in messages begin with.
        let path: String
        /// A key that there is, the same misspelt, and a value that it cannot have.
        let key: String
        let typo: String
        let wrong: String
        var testDescription: String { call }

        init(_ call: String, _ path: String, _ key: String, _ typo: String, _ wrong: String = "print") {
            (self.call, self.path, self.key, self.typo, self.wrong) = (call, path, key, typo, wrong)
        }

        func lua(_ keys: String) -> String { OptionDoorsTests.host + call.replacing("KEYS", with: keys) }
    }

    private static let host = """
        mf.init { name = "host", remotes = { { name = "r", entry = "http://r/entry.lua" } } }
        local host = mf.getInstance()

        """
    private static let remote = "name = 'x', entry = 'http://x/entry.lua'"
    private static let share = "a = { version = '1.0.0', lib = function() end, KEYS }"
    private static let config = "a = { version = '1.0.0', lib = function() end, shareConfig = { KEYS } }"

    static let doors: [Door] = [
        Door("mf.init { name = 'new', KEYS }", "", "watch", "wacth"),
        Door("mf.init { name = 'host', KEYS }", "", "plugins", "plugin"),
        Door("mf.createInstance { name = 'new', KEYS }", "", "tenants", "tenant", "5"),
        Door("host:initOptions { KEYS }", "", "shareStrategy", "shareStratgy", "'newest'"),
        Door("mf.init { name = 'new', remotes = { { \(remote), KEYS } } }", "remotes[1].", "tenant", "tennant", "5"),
        Door("mf.registerRemotes { { \(remote), KEYS } }", "remotes[1].", "entryGlobalName", "entryGlobalname"),
        Door("host:registerRemotes({ { \(remote), KEYS } })", "remotes[1].", "metadata", "metdata", "'x'"),
        Door("mf.registerRemotes({}, { KEYS })", "", "force", "forced", "1"),
        Door("mf.init { name = 'new', shared = { \(share) } }", "shared[\"a\"].", "version", "verison", "1"),
        Door(
            "mf.init { name = 'new', shared = { \(config) } }", "shared[\"a\"].shareConfig.", "singleton", "singelton"),
        Door(
            "mf.registerShared { \(config) }", "shared[\"a\"].shareConfig.", "requiredVersion", "requiredversion", "1"),
        Door("mf.init { name = 'new', plugins = { { print, KEYS } } }", "plugins[1].", "tenant", "tenat", "5"),
        Door("mf.registerPlugins { { print, KEYS } }", "plugins[1].", "tenant", "Tenant", "false"),
        Door("mf.registerGlobalPlugins { { print, KEYS } }", "plugins[1].", "tenant", "tenants", "{}"),
        Door("mf.init { name = 'new', tenants = { t = { KEYS } } }", "tenants[\"t\"].", "level", "levle", "'none'"),
        Door("mf.init { name = 'new', tenants = { t = { KEYS } } }", "tenants[\"t\"].", "net", "nett", "'host'"),
        Door("mf.init { name = 'new', tenants = { t = { KEYS } } }", "tenants[\"t\"].", "shared", "share", "{ 5 }"),
        Door("mf.init { name = 'new', tenants = { t = { KEYS } } }", "tenants[\"t\"].", "env", "envv", "'A=b'"),
        Door(
            "mf.preloadRemote { { nameOrAlias = 'r', KEYS } }", "[1].", "resourceCategory", "resourceCategry", "'some'"),
        Door(
            "mf.preloadRemote { { nameOrAlias = 'r', depsRemote = { { KEYS } } } }", "[1].depsRemote[1].", "exposes",
            "expose", "'x'"),
        Door("mf.loadRemote('r/x', { KEYS })", "", "loadFactory", "loadfactory", "1"),
        Door("mf.loadShare('a', { KEYS })", "", "resolver", "resolve", "1"),
        Door("mf.loadShareSync('a', { customShareInfo = { KEYS } })", "customShareInfo.", "scope", "scop", "1"),
        Door("mf.initializeSharing('default', { KEYS })", "", "initScope", "initScop", "1"),
        Door("host:initShareScopeMap('default', {}, { KEYS })", "", "hostShareScopeMap", "hostSharescopemaps", "1"),
        Door("mf.fetch('http://r/', { KEYS })", "", "timeout", "timeuot", "'soon'"),
        Door("mf.response { KEYS }", "", "headers", "header", "'x'"),
        Door("mf.json.encode({}, { KEYS })", "", "pretty", "prety", "1"),
    ]

    @Test(arguments: doors) func aMisspeltKeyIsNamedWithWhatIsMeant(door: Door) async throws {
        try await withSite { site in
            let error = await site.failure(.invalidOptions, door.lua("\(door.typo) = nil or 'x'"))
            let text = "unknown key `\(door.path)\(door.typo)` (did you mean `\(door.key)`?)"
            #expect(error?.message.contains(text) == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: doors) func aValueOfAWrongTypeIsNamedWithWhatIsExpected(door: Door) async throws {
        try await withSite { site in
            let error = await site.failure(.invalidOptions, door.lua("\(door.key) = \(door.wrong)"))
            #expect(error?.message.contains("`\(door.path)\(door.key)") == true, "\(error?.message ?? "")")
            #expect(error?.message.contains(": expected ") == true, "\(error?.message ?? "")")
        }
    }

    /// Both, and two keys of nobody's, in any order of the table.
    @Test(arguments: doors) func allProblemsAreToldInOneOrder(door: Door) async throws {
        var random = SeededGenerator(seed: 26)
        let keys = ["\(door.key) = \(door.wrong)", "\(door.typo) = 'x'", "zz_two = 1", "zz_one = 2"]
        var messages: Set<String> = []
        for _ in 0..<4 {
            let script = door.lua(keys.shuffled(using: &random).joined(separator: ", "))
            try await withSite { site in await site.failure(.invalidOptions, script)?.message }.map {
                _ = messages.insert($0)
            }
        }
        #expect(messages.count == 1, "\(messages)")
        let message = messages.first ?? ""
        let parts = [
            "`\(door.path)\(door.key)", "`\(door.path)\(door.typo)`", "`\(door.path)zz_one`", "`\(door.path)zz_two`",
        ]
        let places = parts.map { message.firstRange(of: $0)?.lowerBound }
        #expect(!places.contains(nil), "\(message)")
        #expect(places.compactMap { $0 } == places.compactMap { $0 }.sorted(), "\(message)")
    }

    // MARK: Who is trusted

    /// Options of `mf.init` in which a key that decides who is trusted is wrong; `run` is a plugin's function.
    private static let trust = [
        "plugins = { { run, tenat = 'guest' } }", "plugins = { { run, tennant = 'guest' } }",
        "plugins = { { run, Tenant = 'guest' } }", "plugins = { { run, tenants = 'guest' } }",
        "plugins = { { run, tenant = 5 } }", "plugins = { { run, tenant = false } }",
        "plugins = { { run, tenant = '' } }",
        "plugins = { { run, tenant = {} } }", "plugins = { { run, tenant = mf.null } }",
        "plugins = { { run, tenant = 'gest' } }", "plugins = { run, tenant = 'guest' }",
        "plugins = { run }, tenant = { guest = {} }", "plugins = { run }, tenants = { 'guest' }",
        "plugins = { run }, tenants = false", "plugins = { run }, tenants = mf.null",
        "plugins = { run }, tenants = { guest = { level = false } }",
        "plugins = { run }, tenants = { guest = { Level = 'state' } }",
        "plugins = { run }, tenants = { guest = { net = mf.null } }",
        "plugins = { run }, tenants = { guest = { env = { A = 1 } } }",
        "plugins = { run }, remotes = { { name = 'x', entry = 'http://x/', tenant = false } }",
        "plugins = { run }, remotes = { { name = 'x', entry = 'http://x/', tenant = mf.null } }",
        "plugins = { run }, remotes = { { name = 'x', entry = 'http://x/', tenant = 'gest' } }",
        "plugins = { run }, remotes = { { name = 'x', entry = 'http://x/', Tenant = 'guest' } }",
        // One brace too deep, and where only `__index` shows it.
        "plugins = { { run, { tenant = 'guest' } } }", "plugins = { { run, { Tenant = 'guest' } } }",
        "plugins = { setmetatable({ run }, { __index = { tenant = 'guest' } }) }",
        "plugins = setmetatable({ { run } }, { __index = { tenant = 'guest' } })",
        "plugins = { run }, remotes = { setmetatable({ name = 'x', entry = 'http://x/' }, { __index = { tenant = 'guest' } }) }",
        "plugins = { run }, tenants = { guest = setmetatable({}, { __index = { level = 'process' } }) }",
    ]

    @Test(arguments: trust) func nothingRunsWhereItIsNotClearWhoIsTrusted(options: String) async throws {
        try await withSite { site in
            let tenants =
                options.contains("tenants = ") && !options.contains("run, ") ? "" : "tenants = { guest = {} }, "
            let results = try await site.lua(
                """
                local ran
                local function run() ran = true return { name = "run-plugin" } end
                local ok, problem = pcall(mf.init, { name = "host", \(tenants)\(options) })
                return ok, problem.code, ran, #mf.instances()
                """)
            #expect(results == [false, "LUA-012", .nil, 0])
        }
    }

    @Test(arguments: ["tenant", "tenat", "Tenant", "tenants"])
    func aPluginsTableDoesNotSayWhoseItIs(key: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                .pluginInvalid,
                "mf.init { name = 'host', tenants = { guest = {} }, plugins = { { name = 'x-plugin', \(key) = 'guest' } } }"
            )
            #expect(error?.message.contains("`\(key)`") == true)
        }
    }

    /// Ways in which a hook or a script gives a remote a tenant that is not declared.
    private static let later = [
        "beforeInit = function(args) local r = args.userOptions.remotes r[#r + 1] = new return args end",
        "init = function(args) local r = args.origin.options.remotes r[#r + 1] = new end",
        "beforeRegisterRemote = function(args) args.remote.tenant = 'gest' end",
        "registerRemote = function(args) args.remote.tenant = 'gest' end",
    ]

    @Test(arguments: later) func hooksNameDeclaredTenantsToo(hook: String) async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions,
                """
                local new = { name = "new", entry = "http://new/", tenant = "gest" }
                mf.init { name = "host", tenants = { guest = {} }, remotes = { { name = "r", entry = "http://r/" } },
                  plugins = { { name = "hook-plugin", \(hook) } } }
                """)
            #expect(error?.message.contains("no tenant `gest` is declared (did you mean `guest`?)") == true)
        }
    }

    @Test func scriptsAppendRemotesOfDeclaredTenantsOnly() async throws {
        try await withSite { site in
            let error = await site.failure(
                .invalidOptions,
                """
                local host = mf.init { name = "host", tenants = { guest = {} } }
                host.options.remotes[1] = { name = "new", entry = "http://new/", tenant = "gest" }
                """)
            #expect(error?.message == "no tenant `gest` is declared (did you mean `guest`?)")
        }
    }

    // MARK: Swift

    @Test func hostsMadeInSwiftNameDeclaredTenantsAndStrategies() async throws {
        try await withSite { site in
            let error = await expectMFError(.invalidOptions) {
                try await site.runtime.createHost(
                    HostOptions(
                        name: "host", remotes: [Remote(name: "r", entry: "http://r/", tenant: "gest")],
                        shareStrategy: "newest", tenants: [("guest", TenantOptions())]))
            }
            #expect(error?.message.contains("`remotes[1].tenant`: no tenant `gest` is declared") == true)
            #expect(error?.message.contains("`shareStrategy`: expected") == true)
        }
    }

    // MARK: Data of one's own

    @Test func metadataOfARemoteIsSeenByHooksAndNotRead() async throws {
        try await withSite { site in
            let results = try await site.lua(
                """
                local seen
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/", metadata = { team = "us", tenat = 5 } } },
                  plugins = { { name = "x-plugin", registerRemote = function(args) seen = args.remote.metadata.team end } } }
                return seen
                """)
            #expect(results == ["us"])
        }
    }

    // MARK: Plugins' tables

    @Test func allProblemsOfAPluginsTableAreToldInOneOrder() async throws {
        var random = SeededGenerator(seed: 23)
        let keys = [
            "onLoad = 5", "beforeRequest = true", "beforeRequst = print", "another = print", "tenat = 'x'",
        ]
        let expected = """
            hook `beforeRequest` of plugin `x-plugin` is a boolean, not a function; hook `onLoad` of plugin `x-plugin` is a \
            number, not a function; unknown hook `another` in plugin `x-plugin`; unknown hook `beforeRequst` in plugin \
            `x-plugin`; plugin `x-plugin` has the key `tenat`, but a tenant's plugin must be a file
            """
        for _ in 0..<10 {
            let table = "{ name = 'x-plugin', \(keys.shuffled(using: &random).joined(separator: ", ")) }"
            try await withSite { site in
                let error = await site.failure(
                    .pluginInvalid, "mf.init { name = 'host', plugins = { function() return \(table) end } }")
                #expect(error?.message == expected)
            }
        }
    }

    // MARK: Preloading

    @Test func exposesThatAreNotThereAreNamed() async throws {
        let manifest = SampleRemote.manifest(name: "r", exposes: [("x", [])])
        let texts = ["http://r/mf-manifest.json": manifest, "http://r/remoteEntry.lua": SampleRemote.entry("")]
        try await withSite(texts) { site in
            let error = await site.failure(
                .exposeNotFound,
                """
                mf.init { name = "host", remotes = { { name = "r", entry = "http://r/mf-manifest.json" } } }
                mf.preloadRemote { { nameOrAlias = "r", exposes = { "nope", "x", "nix" } } }
                """)
            #expect(error?.message == "remote `r` does not expose `./nope`; remote `r` does not expose `./nix`")
        }
    }
}
