import Diagnostics
import EventLoops
import LuaBridge
import Semver
import TestSupport
import Testing

@testable import Federation

/// Names that go: who uses them is told once, with place and successor, and the stubs and the reference say so.
@Suite(.timeLimit(.minutes(2))) struct DeprecationTests {
    /// Declarations of the tests: nothing that mflua has goes.
    private struct Request: HookArguments {
        var subject: HookSubject { .host }
        static let luaFields: [HookField<Self>] = [
            .fixed("id", "string", "The request.", sees: .data) { _ in .nil }.since("0.0.2"),
            .fixed("options", "table", "The options.", sees: .data) { _ in .nil }
                .deprecated(since: "0.0.3", removed: "9.0.0", use: "args.id"),
        ]
    }
    private struct Loaded: HookArguments {
        var subject: HookSubject { .host }
        static let luaFields: [HookField<Self>] = [
            .fixed("id", "string", "The request.", sees: .data) { _ in .nil }
                .deprecated(since: "0.0.3", removed: "9.0.0", use: "args.name")
        ]
    }
    private static let table: HookTable = {
        // The hooks that there are come first: a declaration takes the next number.
        _ = Lifecycle.table
        return HookTable([
            AsyncWaterfallHook<Request>(
                "beforeRequest", .remote, "Before.", availability: Availability(since: "0.0.1")),
            AsyncHook<Loaded>("onLoad", .remote, "Loaded."),
            SyncHook<OpenArguments>(
                "beforeInit", .host, "First.",
                availability: Availability(deprecated: Deprecation(since: "0.0.2", removed: "9.0.0", use: "init"))),
            SyncHook<OpenArguments>(
                "afterResolve", .host, "Resolved.",
                availability: Availability(deprecated: Deprecation(since: "0.0.2", removed: "9.0.0", use: "onLoad"))),
        ])
    }()
    private static let function = HostFunction("old", "fun(id: string): integer", "Does it.") { _, call in
        [.integer(Int64(call.count))]
    }.deprecated(since: "0.0.2", removed: "9.0.0", use: "mf.new")
    private static let waiting = HostFunction(async: "oldWait", "fun()", "Waits.") { _, _ in
        await Task.yield()
        return []
    }.deprecated(since: "0.0.2", removed: "9.0.0", use: "mf.wait")

    private static let texts = [
        "http://checks/entry.lua":
            "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]

    /// A host whose hooks go as the tests declare, in the global `host`.
    private static func withHost<T: Sendable>(
        tenants: String = "", _ body: @Sendable (Site, TemporaryFolder) async throws -> T
    ) async throws -> T {
        let folder = try TemporaryFolder()
        return try await withSite(texts) { site in
            try await site.lua(
                """
                host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
                  tenants = { acme = { level = "state" } } }
                function file(name) return "\(folder.path)/" .. name end
                """)
            try await site.runtime.loop.perform {
                for host in site.runtime.registry.hosts { host.hooks.dated = Self.table }
            }
            return try await body(site, folder)
        }
    }

    private static let hook = "`afterResolve` is deprecated since 0.0.2 and removed in 9.0.0: use `onLoad`"

    /// A plugin that listens to a hook that goes, and what is told before.
    private static let doors: [(file: String?, entry: String, place: String)] = [
        (nil, "{ name = 'a-plugin',\n afterResolve = function() end }", "host.lua:2: "),
        (
            nil, "function()\n return { name = 'a-plugin',\n afterResolve = { handler = function() end } } end",
            "host.lua:3: "
        ),
        (
            nil, "{ name = 'a-plugin', plugin = function()\n return { afterResolve = function() end } end }",
            "host.lua:2: "
        ),
        ("return { name = 'a-plugin',\n\n afterResolve = function() end }", "file 'a.lua'", "FILE:3: "),
        (
            "return function(o) return { name = 'a-plugin',\n afterResolve = function() end } end",
            "{ file 'a.lua', {} }", "FILE:2: "
        ),
        (
            "return { name = 'a-plugin', options = {}, plugin = function()\n return { afterResolve = function() end } end }",
            "file 'a.lua'", "FILE:2: "
        ),
        (
            "return { name = 'a-plugin',\n afterResolve = function() end }", "{ file 'a.lua', tenant = 'acme' }",
            "FILE:2: "
        ),
    ]

    @Test(arguments: doors)
    func aHookThatGoesIsToldOnceAtTheLineOfItsListener(file: String?, entry: String, place: String) async throws {
        try await Self.withHost { site, folder in
            let path = folder.path + "/a.lua"
            if let file { try folder.write("a.lua", file) }
            try await site.lua("entry = \(entry) host:registerPlugins { entry }")
            try await site.lua("mf.loadRemote('checks/x')")
            if file != nil { try await site.lua("host:reload(host:plugins()[1].name)") }
            let place = place.replacing("FILE", with: path)
            #expect(site.log.messages == ["warning: \(place)\(Self.hook)"])
            let line = try await site.lua("local l = host:health()[1] return l.level, l.subject, l.text, l.advice")
            let name = entry.contains("acme") ? "acme/a-plugin" : "a-plugin"
            let text = "\(place)\(Self.hook)".replacing(": use `onLoad`", with: "")
            #expect(line == ["warn", .string("plugin \(name)"), .string(text), "use `onLoad`"])
        }
    }

    @Test func aHookOfASwiftPluginIsTold() async throws {
        try await Self.withHost { site, _ in
            let host = try await site.runtime.loop.perform { try #require(site.runtime.registry.hosts.first?.host) }
            try await host.register(Plugin("s-plugin").on(\.afterResolve) { $0 })
            #expect(site.log.messages == ["warning: \(Self.hook)"])
        }
    }

    private static let argument = "`args.options` is deprecated since 0.0.3 and removed in 9.0.0: use `args.id`"

    @Test(arguments: [
        "local o = args.options", "args.options = {}", "mf.sleep(1) local o = args.options",
        "local o = args.options error('x')",
        "local o = args.options local all = {} for k, v in pairs(args) do all[k] = v end return all",
        "local o = args.options return args",
    ])
    func anArgumentThatGoesIsToldOnceAtTheLineThatUsesIt(body: String) async throws {
        try await Self.withHost { site, _ in
            let result = try await site.lua(
                """
                host:registerPlugins {
                  { function() return { name = 'a-plugin', beforeRequest = function(args)
                    \(body)
                  end } end, fail = 'open' },
                  { name = 'b-plugin', beforeRequest = function(args)
                    seen = args.origin == host
                    kept = args.options ~= nil
                  end } }
                mf.loadRemote('checks/x')
                mf.loadRemote('checks/y')
                return seen, kept
                """)
            #expect(result == [true, true])
            let told = site.log.messages.filter { $0.contains("deprecated") && !$0.contains("host.lua:7: ") }
            #expect(told == ["warning: host.lua:3: \(Self.argument)"])
        }
    }

    @Test func whoUsesNoArgumentThatGoesIsToldNothing() async throws {
        try await Self.withHost { site, _ in
            let result = try await site.lua(
                """
                local keys = {}
                host:registerPlugins { { name = 'a-plugin', beforeRequest = function(args)
                  args.id = args.id .. 'y'
                  for key in pairs(args) do keys[#keys + 1] = key end
                end } }
                local loaded = mf.loadRemote('checks/x')
                table.sort(keys)
                return loaded, table.concat(keys, " ")
                """)
            #expect(result == ["./xy", "id options origin"])
            #expect(site.log.messages == [])
        }
    }

    @Test(arguments: [
        ("{ name = 'a-plugin', filter = { id = 'x' },\n onLoad = function() end }", "host.lua:2: "),
        ("{ name = 'a-plugin',\n onLoad = { filter = { id = 'x' }, handler = function() end } }", "host.lua:2: "),
        (
            "{ function() return { name = 'a-plugin',\n onLoad = function() end } end, only = { id = 'x' } }",
            "host.lua:1: "
        ),
    ])
    func aFilterThatNamesAnArgumentThatGoesIsTold(plugin: String, place: String) async throws {
        try await Self.withHost { site, _ in
            try await site.lua("host:registerPlugins { \(plugin) }")
            #expect(
                site.log.messages == [
                    "warning: \(place)`args.id` is deprecated since 0.0.3 and removed in 9.0.0: use `args.name`"
                ])
        }
    }

    @Test func aFunctionThatGoesIsToldOnceForEachWhoCallsIt() async throws {
        try await Self.withHost { site, folder in
            let runtime = site.runtime
            try await runtime.loop.perform {
                @Sendable func target(_ call: LuaCall) throws -> (Host, LuaCall) {
                    (try #require(runtime.registry.current?.host), call)
                }
                let globals = runtime.state.globals
                try globals.set("old", .callable(Self.function.callable(target)))
                try globals.set("oldMethod", .callable(Self.function.callable(as: "host:", target)))
                try globals.set("wait", .callable(Self.waiting.callable(target)))
                try globals.set(
                    "oldOfPlugin",
                    .callable(Self.function.callable(by: .pluginFile(folder.path + "/a.lua"), target)))
            }
            try folder.write("a.lua", "return { name = 'a-plugin' }")
            let result = try await site.lua(
                """
                host:registerPlugins { file 'a.lua' }
                for i = 1, 2 do
                  old(1)
                  oldMethod()
                  wait()
                  oldOfPlugin()
                end
                return old(1, 2)
                """)
            #expect(result == [2])
            let text = "is deprecated since 0.0.2 and removed in 9.0.0: use"
            #expect(
                site.log.messages == [
                    "warning: host.lua:3: `mf.old` \(text) `mf.new`",
                    "warning: host.lua:4: `host:old` \(text) `mf.new`",
                    "warning: host.lua:5: `mf.oldWait` \(text) `mf.wait`",
                    "warning: host.lua:6: `mf.old` \(text) `mf.new`",
                ])
            let subjects = try await runtime.health().map(\.line.subject)
            #expect(subjects == ["script", "script", "script", "plugin a-plugin"])
        }
    }

    @Test func aFunctionOfTheLibraryThatGoesIsTold() async throws {
        try await Self.withHost { site, _ in
            let runtime = site.runtime
            try await runtime.loop.perform {
                let function = MFLibrary.Function(name: "old", signature: "fun()", summary: "Does it.") { _ in
                    LuaCallable("old") { _ in [] }
                }.deprecated(since: "0.0.2", removed: "9.0.0", use: "mf.new")
                var record = LuaRecord()
                record.append(function.name, .callable(function.make(runtime)))
                record.append("kept", .callable(function.make(runtime)))
                let told = MFLibrary.telling(
                    record, by: nil, to: runtime.registry, declared: [(function.name, function.availability)])
                try runtime.state.globals.set("library", .table(try runtime.state.makeTable(.record(told))))
            }
            try await site.lua("library.kept()\nlibrary.old()\nlibrary.old()")
            #expect(
                site.log.messages == [
                    "warning: host.lua:2: `mf.old` is deprecated since 0.0.2 and removed in 9.0.0: use `mf.new`"
                ])
        }
    }

    @Test func hostsTellOfTheirOwnPluginsAlone() async throws {
        try await Self.withHost { site, _ in
            try await site.lua("other = mf.createInstance { name = 'other', plugins = { { name = 'b-plugin' } } }")
            try await site.lua("host:registerPlugins { { name = 'a-plugin', afterResolve = function() end } }")
            let found = try await site.runtime.health()
            #expect(found.map { "\($0.host) \($0.line.subject)" } == ["host plugin a-plugin"])
        }
    }

    // MARK: - Stubs and reference

    @Test func stubsAndReferenceSayWhatGoesAndSinceWhen() {
        let plugin = Reference.pluginClass(Self.table.all)
        #expect(
            plugin.hasSuffix(
                """
                --- SyncHook. Resolved. In a tenant: called for what it hears of.
                --- Deprecated since 0.0.2, removed in 9.0.0: use `onLoad`.
                ---@deprecated
                ---@type (fun(args: mf.args.afterResolve): any)?
                fields.afterResolve = nil


                """), "\(plugin)")
        #expect(plugin.contains("---@field beforeRequest? fun(args: mf.args.beforeRequest): mf.args.beforeRequest? "))
        #expect(plugin.contains("Since 0.0.1.\n"))
        let arguments = Reference.argumentClass(Self.table.all[0])
        #expect(arguments.contains("---@deprecated\n---@type table\nfields.options = nil\n"))
        #expect(!arguments.contains("---@field options"))
        let hooks = Reference.hooks(Self.table.all)
        #expect(hooks.contains("Before. Since 0.0.1.\n"))
        #expect(hooks.contains("Resolved. **Deprecated** since 0.0.2, removed in 9.0.0: use `onLoad`.\n"))
        #expect(hooks.contains("The options. **Deprecated** since 0.0.3, removed in 9.0.0: use `args.id`. |\n"))
        let function = Self.function
        let stub = Reference.fields(
            [(function.name, function.signature, function.summary, function.availability)], named: "mf",
            isDeclared: true)
        #expect(stub.contains("---@deprecated\n---@type fun(id: string): integer\nmf.old = nil\n"))
    }

    @Test func everyDeclarationThatSaysVersionsSaysGoodOnes() throws {
        var declared: [(name: String, availability: Availability, stub: String)] = []
        for hook in Lifecycle.all {
            declared.append((hook.name, hook.availability, "fields.\(hook.name) = nil"))
            declared += hook.fieldReference.map { ($0.name, $0.availability, "fields.\($0.name) = nil") }
        }
        declared += HostFunction.all.map { ($0.name, $0.availability, "fields.\($0.name) = nil") }
        declared += HostFunction.ofHosts.map { ($0.name, $0.availability, "fields.\($0.name) = nil") }
        declared += MFLibrary.functions.map { ($0.name, $0.availability, "mf.\($0.name) = nil") }
        for namespace in Operations.namespaces {
            declared += namespace.functions.map { ($0.name, $0.availability, "fields.\($0.name) = nil") }
        }
        #expect(declared.count > 100)
        for (name, availability, stub) in declared + [("old", Self.function.availability, "")] {
            if let since = availability.since { #expect(Version(since) != nil, "\(name)") }
            guard let deprecation = availability.deprecated else { continue }
            let (since, removed) = (
                try #require(Version(deprecation.since)), try #require(Version(deprecation.removed))
            )
            #expect(since < removed, "\(name)")
            #expect(try #require(Version(MFLibrary.version)) < removed, "\(name) is to be removed by now")
            #expect(!deprecation.use.isEmpty, "\(name)")
            #expect(Reference.stubs.contains(stub), "\(name)")
        }
    }
}
