import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Where plugins stand, and why: in Lua, in files, in entries, in Swift, and in tenants.
@Suite(.timeLimit(.minutes(2))) struct PluginOrderTests {
    private static let texts = [
        "http://checks/entry.lua":
            "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]
    private static let start = """
        local function letter(name, fields)
          fields.name = name .. "-plugin"
          local function listener(args) args.id = args.id .. name end
          fields.beforeRequest = fields.hook or listener
          if fields.hook then fields.hook.handler, fields.hook = listener, nil end
          return fields
        end
        local function host(plugins)
          return mf.createInstance { name = "host", plugins = plugins,
            remotes = { { name = "checks", entry = "http://checks/entry.lua" } } }
        end
        local function order(host, hook)
          local texts = {}
          for _, place in ipairs(host:order(hook or "beforeRequest")) do
            texts[#texts + 1] = place.plugin .. ": " .. place.why
          end
          return table.concat(texts, "\\n")
        end
        """

    @Test func eachPlaceHasItsReason() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local host = host { letter("x", { order = "pre" }), letter("l", {}), letter("p", { order = "post" }),
                  letter("r", { requires = { ["u-plugin"] = "*" } }), letter("h", { hook = { order = "pre" } }),
                  letter("b", { before = { "x-plugin" } }),
                  { function() return letter("e", {}) end, order = "post", after = { "l-plugin" } }, letter("u", { version = "1.0.0" }) }
                return order(host), host:loadRemote("checks/"), order(host, "onLoad")
                """)
            #expect(
                result == [
                    """
                    b-plugin: before x-plugin (its own before)
                    x-plugin: pre; after b-plugin (before of b-plugin)
                    h-plugin: 2nd of two "pre": list order
                    l-plugin: list order
                    u-plugin: before r-plugin (requires of r-plugin)
                    r-plugin: after u-plugin (its own requires)
                    p-plugin: post
                    e-plugin: 2nd of two "post": list order; after l-plugin (after of its entry)
                    """, "./bxhlurpe", "",
                ])
        }
    }

    @Test func withoutAWordTheOrderIsTheLists() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                return order(host { letter("b", {}), letter("a", {}) })
                """)
            #expect(result == ["b-plugin: list order\na-plugin: list order"])
        }
    }

    @Test func theEntryWinsKeyByKey() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local function shy() return letter("s", { order = "post", before = { "a-plugin" }, requires = { nobody = "*" },
                  hook = { order = "post" } }) end
                local host = host { letter("a", {}), { shy, order = "pre", before = {}, requires = {} } }
                return order(host)
                """)
            #expect(result == ["s-plugin: pre (its entry)\na-plugin: list order"])
        }
    }

    @Test func aPlaceOutlivesWhatChangesThePlugin() async throws {
        try await withSite(Self.texts) { site in
            let source = { (name: String, more: String) in
                HostPlugin.source(
                    """
                    return function(options)
                      return { name = "\(name)-plugin", \(more) beforeRequest = function(args) args.id = args.id .. "\(name)" .. (options or "") end }
                    end
                    """, name: name)
            }
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [
                        source("a", "after = { 'c-plugin' },"), source("b", ""), source("c", "order = 'pre',"),
                        source("d", ""),
                    ]))
            #expect(try await host.loadRemote("checks/") == "./cabd")
            try await host.configure(plugin: "a-plugin", options: "1")
            try await host.disable(plugins: ["c-plugin"])
            #expect(try await host.loadRemote("checks/") == "./a1bd")
            try await host.enable(plugins: ["c-plugin"])
            #expect(try await host.loadRemote("checks/") == "./ca1bd")
            try await host.remove(plugins: ["c-plugin"])
            #expect(try await host.loadRemote("checks/") == "./a1bd")
            try await host.register(source("c", ""))
            #expect(try await host.loadRemote("checks/") == "./ca1bd")
        }
    }

    @Test func aPluginOfSwiftHasTheSameWords() async throws {
        try await withSite(Self.texts) { site in
            func letter(_ name: String) -> Plugin {
                Plugin("\(name)-plugin", version: "1.0.0").on(\.beforeRequest) { arguments in
                    var arguments = arguments
                    arguments.id += name
                    return arguments
                }
            }
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")],
                    plugins: [
                        .swift(letter("a").placed(PluginPlacement(order: .post))),
                        .swift(letter("b").placed(PluginPlacement(order: .post), in: "beforeRequest"))
                            .placed(PluginPlacement(before: ["a-plugin"])),
                        .swift(letter("c").placed(PluginPlacement(after: ["d-plugin"], requires: ["a-plugin": "^1"]))),
                        .swift(letter("d")).placed(PluginPlacement(order: .pre)),
                    ]))
            #expect(try await host.loadRemote("checks/") == "./dbac")
            #expect(
                try await host.order(of: "beforeRequest").map(\.why) == [
                    "pre (its entry)", "before a-plugin (before of its entry)",
                    "post; after b-plugin (before in the entry of b-plugin)",
                    "after a-plugin (its own requires)",
                ])
        }
    }

    @Test func anUnknownHookHasNoOrder() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(.unknownHook, "mf.init({ name = 'host' }):order('beforeReqest')")
            #expect(error?.message == "there is no hook `beforeReqest`")
            #expect(error?.hint == "did you mean `beforeRequest`?")
        }
    }

    @Test(arguments: 0..<20) func theListenersAreCalledAsTold(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let letters = "abcdefgh".map(String.init)
        let hidden = letters.shuffled(using: &random)
        let plugins = letters.map { name in
            let place = hidden.firstIndex(of: name) ?? 0
            let later = hidden[(place + 1)...].filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
            let order = ["", "order = 'pre', ", "order = 'post', "][Int.random(in: 0..<3, using: &random)]
            let own = ["", "hook = { order = 'pre' }, "][Int.random(in: 0..<2, using: &random)]
            let before = later.map { "'\($0)-plugin'" }.joined(separator: ", ")
            return "letter('\(name)', { \(order)\(own)before = { \(before) } })"
        }
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local host = host { \(plugins.joined(separator: ", ")) }
                local letters = {}
                for _, place in ipairs(host:order("beforeRequest")) do letters[#letters + 1] = place.plugin:sub(1, 1) end
                return "./" .. table.concat(letters), host:loadRemote("checks/"), #letters
                """)
            #expect(result[0] == result[1])
            #expect(result[2] == 8)
        }
    }

    // MARK: - What is refused

    /// What is said of a place, and what is wrong with it.
    private static let wrong = [
        ("before = 'a-plugin'", "expected a list of names, found the string \"a-plugin\""),
        ("after = { '' }", "expected a string that is not empty"),
        ("after = { 5 }", "expected a string that is not empty, found"),
        ("before = { x = 'a-plugin' }", "a list of names needs one more pair of braces"),
        ("before = function() end", "expected a list of names, found a function"),
        ("requires = 'a-plugin'", "expected a table of version ranges by plugin, found the string \"a-plugin\""),
        ("requires = { 'a-plugin' }", "a table of version ranges by plugin has names as keys"),
        ("requires = { x = 5 }", "expected a string, found"),
        ("requires = { x = '5 min' }", "is `5 min`, which is no version range"),
        ("requires = { mflua = 'latest' }", "is `latest`, which is no version range"),
        ("requires = { ['?'] = '*' }", "is `*`, which is no version range"),
        ("order = 'first'", "first"),
    ]

    @Test(arguments: wrong.indices) func whatIsNoPlaceIsRefusedWhereverItIsSaid(index: Int) async throws {
        let (words, message) = Self.wrong[index]
        try await withSite(Self.texts) { site in
            let folder = try TemporaryFolder()
            let file = try folder.write("x.lua", "return { name = 'x-plugin', \(words), onLoad = function() end }")
            let declared = try folder.write(
                "y.lua",
                "return { name = 'y-plugin', \(words), plugin = function() return { onLoad = function() end } end }")
            let good = try folder.write("good.lua", "return { name = 'good-plugin', onLoad = function() end }")
            let doors: [(code: MFError.Code, plugin: String)] = [
                (.pluginInvalid, "'\(file)'"),
                (.pluginDeclaration, "'\(declared)'"), (.invalidOptions, "{ '\(good)', \(words) }"),
                (.pluginInvalid, "{ '\(file)', tenant = 'acme' }"),
                (.pluginDeclaration, "{ '\(declared)', tenant = 'acme' }"),
            ]
            for (code, plugin) in doors {
                if plugin.contains("tenant"), words.contains("function") { continue }
                let error = await site.failure(
                    code,
                    "mf.createInstance { name = 'host', tenants = { acme = {} }, plugins = { '\(good)', \(plugin) } }")
                #expect(error?.message.contains(message) == true, "\(plugin): \(error?.message ?? "")")
            }
            if words.hasPrefix("requires") { return }
            let hook = await site.failure(
                .pluginInvalid,
                "mf.init { name = 'host', plugins = { { name = 'x-plugin', onLoad = { \(words), handler = print } } } }"
            )
            #expect(hook?.message.contains(message) == true)
        }
    }

    @Test func swiftsPlacesAreCheckedToo() async throws {
        try await withSite(Self.texts) { site in
            let plugin = Plugin("x-plugin").on(\.onLoad) { _ in .nil }
            let own: [Plugin] = [
                plugin.placed(PluginPlacement(requires: ["a": "latest"])), plugin.placed(PluginPlacement(before: [""])),
                plugin.placed(PluginPlacement(order: .pre), in: "onLoud"),
            ]
            let host = try await site.runtime.createHost(HostOptions(name: "host"))
            for plugin in own { await expectMFError(.pluginDeclaration) { try await host.register(plugin) } }
            for placement in [PluginPlacement(requires: ["": "*"]), PluginPlacement(after: [""])] {
                await expectMFError(.invalidOptions) { try await host.register(.swift(plugin).placed(placement)) }
            }
            await expectMFError(.unmetRequirement) {
                try await host.register(plugin.placed(PluginPlacement(requires: ["mflua": ">=99"])))
            }
            #expect(try await host.plugins().isEmpty)
        }
    }

    @Test func whatIsRequiredHasToBeThere() async throws {
        try await withSite(Self.texts) { site in
            let folder = try TemporaryFolder()
            let rate = try folder.write(
                "rate.lua", "return { name = 'rate-plugin', version = '1.3.0', requires = { ['auth-plugin'] = '^2' } }")
            let auth = try folder.write("auth.lua", "return { name = 'auth-plugin', version = '1.9.0' }")
            let bare = try folder.write("bare.lua", "return { name = 'auth-plugin' }")
            let script = "@\(folder.path)/host.lua"
            let cases: [(plugins: String, message: String)] = [
                (
                    "{ '\(auth)',\n'\(rate)' }",
                    "rate-plugin 1.3.0 (\(rate)) needs auth-plugin ^2; attached is 1.9.0 (\(folder.path)/host.lua:2)"
                ),
                (
                    "{ '\(bare)',\n'\(rate)' }",
                    "rate-plugin 1.3.0 (\(rate)) needs auth-plugin ^2; attached is one without a version (\(folder.path)/host.lua:2)"
                ),
                (
                    "{\n'\(rate)' }",
                    "rate-plugin 1.3.0 (\(rate)) needs auth-plugin ^2; it is not attached (\(folder.path)/host.lua:3)"
                ),
                (
                    "{\n{ '\(auth)', requires = { a = '*', b = '1.x' } } }",
                    "auth-plugin 1.9.0 (\(auth)) needs a *; it is not attached (\(folder.path)/host.lua:3); "
                        + "auth-plugin 1.9.0 (\(auth)) needs b 1.x; it is not attached (\(folder.path)/host.lua:3)"
                ),
            ]
            for (plugins, message) in cases {
                let text = "local mf = require 'mf'\nmf.createInstance { name = 'h', plugins = \(plugins) }"
                try folder.write("host.lua", text)
                let error = await expectMFError(.unmetRequirement) {
                    try await site.runtime.loop.perform { [runtime = site.runtime] in
                        _ = try await runtime.run(
                            script: Array(text.utf8), name: script, scriptName: "\(folder.path)/host.lua")
                    }
                }
                #expect(error?.message == message)
            }
            #expect(
                try await site.lua(
                    "return mf.init({ name = 'host', plugins = { '\(rate)', { '\(auth)', order = 'post' }, { '\(bare)' } }"
                        .replacing("'\(rate)'", with: "{ '\(rate)', requires = { ['auth-plugin'] = '1.x' } }")
                        + "}):plugins()[1].state") == ["on"])
        }
    }

    /// Forms of a plugin that needs another version of mflua, and has faults that a later one would not see.
    @Test(arguments: [
        "onFly = function() end", "plugin = function() error('runs') end, later = 5",
        "options = { x = { type = 'moon' } }, plugin = function() end",
    ]) func anotherVersionOfMFLuaIsToldOfFirst(fields: String) async throws {
        try await withSite(Self.texts) { site in
            let folder = try TemporaryFolder()
            let table = "{ name = 'slack-plugin', version = '2.1.0', requires = { mflua = '>=97.3 <99' }, \(fields) }"
            let file = try folder.write("slack.lua", "return \(table)")
            let error = await site.failure(.unmetRequirement, "mf.init { name = 'host', plugins = { '\(file)' } }")
            let message =
                "slack-plugin 2.1.0 (\(file)) needs mflua >=97.3 <99; this is mflua \(LibraryInfo.version)"
            #expect(error?.message == message)
        }
    }

    @Test func aCycleIsToldWithEveryEdgeAndItsPlace() async throws {
        try await withSite(Self.texts) { site in
            let folder = try TemporaryFolder()
            let a = try folder.write("a.lua", "return {\n  name = 'a-plugin',\n  before = { 'b-plugin' } }")
            let b = try folder.write(
                "b.lua",
                "return { name = 'b-plugin',\n  onLoad = {\n    before = { 'c-plugin' },\n    handler = print } }")
            let error = await site.failure(
                .pluginCycle,
                """
                mf.init { name = 'host', plugins = { '\(a)', '\(b)', { function() return { name = 'c-plugin' } end, before = { 'a-plugin' } } } }
                """)
            #expect(
                error?.message == """
                    the places of plugins contradict each other: `c-plugin` is called before `a-plugin` (`before` in the entry \
                    of `c-plugin`, host.lua:1), `b-plugin` is called before `c-plugin` (`onLoad.before` of `b-plugin`, \(b):3), \
                    `a-plugin` is called before `b-plugin` (`before` of `a-plugin`, \(a):3)
                    """ || error?.message.contains("`onLoad.before` of `b-plugin`, \(b):3") == true)
            #expect(error?.message.contains("`before` of `a-plugin`, \(a):3") == true)
            #expect(error?.message.contains("`before` in the entry of `c-plugin`, host.lua:1") == true)
            #expect(try await site.lua("return #mf.instances()") == [0])
        }
    }

    @Test func whatCannotBeAttachedLeavesNothingBehind() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local host = host { letter("a", { before = { "b-plugin" } }) }
                local codes = {}
                for _, more in ipairs { { before = { "a-plugin" } }, { requires = { nobody = "*" } } } do
                  codes[#codes + 1] = select(2, pcall(host.registerPlugins, host, { letter("x", {}), letter("b", more) })).code
                end
                return table.concat(codes, " "), #host:plugins(), host:loadRemote("checks/"), #host.options.plugins
                """)
            #expect(result == ["PLUGIN-021 PLUGIN-022", 1, "./a", 1])
        }
    }

    @Test func anOptionalPluginInAnotherVersionIsToldOf() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local host = host { letter("a", { requires = { ["b-plugin?"] = "^2", ["c-plugin?"] = "^1" } }), letter("b", { version = "1.0.0" }) }
                return host:loadRemote("checks/"), host:plugins()[1].state
                """)
            #expect(result == ["./ba", "on"])
            #expect(site.log.messages.contains { $0.contains("a-plugin needs b-plugin ^2; attached is 1.0.0") })
        }
    }

    // MARK: - Tenants

    private static func tenants(_ plugins: [(name: String, words: String, tenant: String?)]) -> [HostPlugin] {
        plugins.map { name, words, tenant in
            .source(
                "return { name = '\(name)-plugin', version = '1.0.0', \(words) beforeRequest = function(args) end }",
                name: "\(name).lua", tenant: tenant)
        }
    }

    private func host(_ site: Site, _ plugins: [HostPlugin]) async throws -> Host {
        try await site.runtime.createHost(
            HostOptions(
                name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")], plugins: plugins,
                tenants: [("acme", TenantOptions()), ("globex", TenantOptions())]))
    }

    @Test func aTenantOrdersItsOwnPluginsAlone() async throws {
        try await withSite(Self.texts) { site in
            let host = try await host(
                site,
                Self.tenants([
                    ("x", "", "acme"), ("y", "order = 'pre', before = { 'a-plugin', 'globex/z-plugin' },", "acme"),
                    ("z", "", "globex"), ("a", "order = 'post',", nil),
                ]))
            #expect(
                try await host.order(of: "beforeRequest") == [
                    PluginPlace(plugin: "globex/z-plugin", why: "list order"),
                    PluginPlace(plugin: "a-plugin", why: "post"),
                    PluginPlace(plugin: "acme/y-plugin", why: "pre among the plugins of acme"),
                    PluginPlace(plugin: "acme/x-plugin", why: "after the owner's plugins, as acme orders its own"),
                ])
        }
    }

    @Test func aTenantsPluginWaitsForWhatItRequiresAndKeepsNobody() async throws {
        try await withSite(Self.texts) { site in
            let host = try await host(
                site,
                Self.tenants([
                    ("x", "requires = { ['a-plugin'] = '^1', ['y-plugin'] = '*' },", "acme"), ("a", "", nil),
                    ("v", "requires = { mflua = '>=99' },", "acme"),
                ]))
            func states() async throws -> [String] {
                try await host.plugins().map { "\($0.name) \($0.state) \($0.why ?? "")" }
            }
            let version = "acme/v-plugin waiting needs mflua >=99; this is mflua \(LibraryInfo.version)"
            #expect(
                try await states() == [
                    "acme/x-plugin waiting needs `y-plugin` *; it is not attached", "a-plugin on ", version,
                ])
            for plugin in Self.tenants([("y", "", "acme")]) { try await host.register(plugin) }
            #expect(try await states() == ["acme/x-plugin on ", "a-plugin on ", version, "acme/y-plugin on "])
            try await host.disable(plugins: ["a-plugin"])
            #expect(try await states().first == "acme/x-plugin waiting needs `a-plugin`, which is disabled")
            try await host.enable(plugins: ["a-plugin"])
            #expect(try await states().first == "acme/x-plugin on ")
            #expect(try await host.remove(plugins: ["a-plugin", "acme/y-plugin"]).count == 2)
            #expect(
                try await states() == ["acme/x-plugin waiting needs `a-plugin` ^1; it is not attached", version])
        }
    }

    @Test func aCycleOfATenantKeepsNobodyElse() async throws {
        try await withSite(Self.texts) { site in
            let circle = Self.tenants([
                ("x", "before = { 'y-plugin' },", "acme"), ("y", "before = { 'x-plugin' },", "acme"),
            ])
            let host = try await host(site, circle + Self.tenants([("a", "", nil), ("z", "", "acme")]))
            func states() async throws -> [String] { try await host.plugins().map { "\($0.name) \($0.state)" } }
            #expect(
                try await states() == [
                    "a-plugin on", "acme/z-plugin on", "acme/x-plugin failed", "acme/y-plugin failed",
                ])
            #expect(try await host.plugins().last?.why?.contains("`acme/x-plugin` is called before") == true)
            try await host.register(circle[0])
            await expectMFError(.pluginCycle) { try await host.register(circle[1]) }
            #expect(
                try await states() == [
                    "a-plugin on", "acme/z-plugin on", "acme/x-plugin on", "acme/y-plugin failed",
                ])
        }
    }

    @Test func aDeclarationInATenantHasTheSameWords() async throws {
        try await withSite(Self.texts) { site in
            let declaration =
                """
                return { name = 'y-plugin', order = 'pre', requires = { ['z-plugin'] = '*' }, plugin = function()
                  return { beforeRequest = function(args) end } end }
                """
            let host = try await host(
                site, Self.tenants([("x", "", "acme")]) + [.source(declaration, name: "y.lua", tenant: "acme")])
            #expect(try await host.order(of: "beforeRequest").map(\.plugin) == ["acme/y-plugin", "acme/x-plugin"])
            #expect(try await host.plugins().map(\.state) == [.on, .waiting])
        }
    }

    @Test func theDoctorListsWhatIsSaidForNothing() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local host = host { letter("a", { order = "pre", before = { "nobody" }, requires = { ["none?"] = "*" } }),
                  letter("b", { order = "pre" }), letter("c", { order = "pre", after = { "b-plugin" } }),
                  letter("d", { requires = { ["c-plugin"] = "*" } }) }
                host:disablePlugins({ "c-plugin" }, { cascade = true })
                local lines = {}
                for _, line in ipairs(host:health()) do
                  if line.level ~= "ok" then lines[#lines + 1] = line.level .. " " .. line.subject .. " " .. line.text end
                end
                return table.concat(lines, "\\n")
                """)
            #expect(
                result == [
                    """
                    warn plugin d-plugin waits and is not called: needs `c-plugin`, which is disabled
                    warn plugin a-plugin `before` names `nobody`, which is not attached
                    warn plugin b-plugin is `pre` in `beforeRequest`, as `a-plugin` is: only the list has it come second
                    """
                ])
            #expect(
                site.log.messages.contains {
                    $0.contains("plugin `d-plugin` is not called for now: it needs `c-plugin`")
                })
        }
    }

    @Test func aGlobalPluginThatCannotJoinLeavesNothingBehind() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.start)
                local host = host {}
                mf.registerGlobalPlugins { letter("g", { requires = { nobody = "*" } }) }
                local problem = select(2, pcall(host.registerPlugins, host, { letter("a", {}) }))
                return problem.code, #host:plugins(), #host.options.plugins, host:loadRemote("checks/")
                """)
            #expect(result == ["PLUGIN-022", 0, 0, "./"])
        }
    }
}
