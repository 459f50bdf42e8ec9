import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Plugins that are none, or that misbehave: the message names the plugin, the place and a next step.
@Suite(.timeLimit(.minutes(2))) struct WrongPluginTests {
    private static let url = "http://checks/remoteEntry.lua"
    private static let texts = [url: SampleRemote.entry("[\"./disk\"] = function() return 7 end")]

    private static func host(plugins: String) -> String {
        """
        mf.init { name = "host", remotes = { { name = "checks", entry = "\(url)" } }, plugins = { \(plugins) },
          shared = { dep = { version = "1.0.0", lib = function() return {} end } } }

        """
    }

    // MARK: Files

    @Test func missingFileNamesThePlacesThatWereTried() async throws {
        try await withSite { site in
            let error = await site.failure(.pluginLoadFailed, Self.host(plugins: "'./plugins/gone-plugin.lua'"))
            #expect(error?.message == "there is no plugin file `./plugins/gone-plugin.lua`")
            #expect(error?["tried"]?.contains("/Fixtures/plugins/gone-plugin.lua") == true)
            #expect(error?.hint == "paths are resolved against the script's folder, then against the working directory")
        }
    }

    /// A file's text, the error, and what the rendered error has to contain besides the file's name.
    private static let files: [(String, MFError.Code, [String])] = [
        ("return 7", .pluginInvalid, ["found a number", "a plugin file returns a table"]),
        ("local a = 1", .pluginInvalid, ["found a nil", "a plugin file returns a table"]),
        ("return function() return 'x' end", .pluginInvalid, ["found a string"]),
        ("return { onLoad = function() end }", .pluginWithoutName, ["has no `name`", "add `name ="]),
        ("return { name = '' }", .pluginWithoutName, ["has no `name`"]),
        (
            "return {\n  name = 'x-plugin',\n  beforeRequst = function(args)\n    return args\n  end,\n}", .unknownHook,
            ["unknown hook `beforeRequst`", "`x-plugin`", "did you mean `beforeRequest`?", ":3"]
        ),
        (
            "return { name = 'x-plugin', onLoad = 7 }", .pluginInvalid,
            ["hook `onLoad` of plugin `x-plugin` is a number"]
        ),
        ("return {\n  name = = 'x'\n}", .pluginLoadFailed, [":2:", "unexpected symbol"]),
        ("\nerror('not today')", .pluginLoadFailed, [":2: not today"]),
        (
            "return function(options)\n  return { name = options.title.text }\nend", .pluginLoadFailed,
            [":2:", "nil value"]
        ),
        ("require('no.such.module')", .pluginLoadFailed, ["no.such.module"]),
    ]

    @Test(arguments: files.indices) func fileThatIsNoPluginIsRefused(index: Int) async throws {
        let (source, code, words) = Self.files[index]
        let folder = try TemporaryFolder()
        let file = try folder.write("wrong-plugin.lua", source)
        try await withSite { site in
            let error = await site.failure(code, Self.host(plugins: "{ '\(file)', {} }"))
            let text = error?.rendered() ?? ""
            for word in words + ["wrong-plugin.lua"] { #expect(text.contains(word), "\(word)\n\(text)") }
            #expect(error?.hint != nil)
        }
    }

    // MARK: Several

    /// What fails after a plugin has been attached, and how that comes about.
    private static let lateFailures = [
        "mf.init { name = 'new', remotes = {}, plugins = { first, { name = 'x-plugin', apply = fail } } }",
        "mf.init { name = 'new', remotes = {}, plugins = { first, { name = 'x-plugin', beforeInit = fail } } }",
        "mf.init { name = 'new', remotes = {}, plugins = { first, { name = 'x-plugin', init = fail } } }",
        "mf.init { name = 'new', remotes = { { name = 'r', entry = 'http://r/e.lua' } }, "
            + "plugins = { first, { name = 'x-plugin', registerRemote = fail } } }",
        "mf.createInstance { name = 'new', remotes = {}, plugins = { first, { name = 'x-plugin', apply = fail } } }",
        "mf.registerPlugins { first, { name = 'x-plugin', apply = fail } }",
        "mf.initOptions { remotes = {}, plugins = { first, { name = 'x-plugin', beforeInit = fail } } }",
    ]

    @Test(arguments: lateFailures) func whatAPluginHasBegunEndsWhereALaterOneFails(call: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "first-plugin.lua",
            """
            local mf = require("mf")
            return function(keep)
              return { name = "first-plugin", apply = function() keep(mf.spawn(mf.sleep, 1e9)) end }
            end
            """)
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                Self.host(plugins: "") + """
                    local task
                    local first = { "\(file)", function(begun) task = begun end }
                    local function fail() error("not today", 0) end
                    local ok, problem = pcall(function() \(call) end)
                    return ok, problem, tostring(select(2, pcall(task.wait, task))), #mf.instances(),
                      #mf.getInstance().options.plugins
                    """)
            #expect(result == [false, "not today", "the task was cancelled", 1, 0], "\(result)")
        }
    }

    // MARK: Tables

    @Test(arguments: ["7", "true", "print", "{}", "{ 7 }", "{ name = 7 }"])
    func valueThatIsNoPluginIsRefused(value: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local ok, e = pcall(function() \(Self.host(plugins: value)) end)
                return ok, e.code:sub(1, 4), e.hint ~= nil
                """)
            #expect(result == [false, "HOOK", true])
        }
    }

    @Test func theOlderNameOfFailIsToldTheNewOneWithItsValues() async throws {
        try await withSite { site in
            let entry = "{ './x-plugin.lua', tenant = 'guest', failClosed = true }"
            let error = await site.failure(
                .invalidOptions, "mf.init { name = 'host', tenants = { guest = {} }, plugins = { \(entry) } }")
            #expect(error?.message.contains("write `fail = \"closed\"`, or `fail = \"open\"` for false") == true)
        }
    }

    @Test func misspeltHookOfATableIsNamedWithItsFileAndLine() async throws {
        try await withSite { site in
            let error = await site.failure(
                .unknownHook, Self.host(plugins: "{ name = 'x-plugin',\n\n onLoda = function() end }"))
            #expect(error?.message == "unknown hook `onLoda` in plugin `x-plugin`")
            #expect(error?.hint == "did you mean `onLoad`?")
            #expect(error?["source"] == "host.lua:3")
        }
    }

    // MARK: Listeners

    @Test(
        arguments: [
            ("init", ""), ("beforeInit", ""), ("resolveShare", "mf.loadShare('dep')"),
        ])
    func waitingInASyncHookIsRefusedWithPluginAndHook(hook: String, action: String) async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .cannotWait,
                Self.host(plugins: "{ name = 'waiting-plugin', \(hook) = function(args) mf.sleep(1) return args end }")
                    + action)
            #expect(error?["plugin"] == "waiting-plugin")
            #expect(error?["hook"] == hook)
            #expect(error?.message.contains("wait") == true)
            #expect(error?.hint?.hasPrefix("`\(hook)` is a sync hook") == true, "\(error?.rendered() ?? "")")
            #expect(error?["listener"] == nil)
        }
    }

    @Test func waitingInCreateScriptIsTheCauseOfTheFailedEntry() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .entryLoadFailed,
                Self.host(plugins: "{ name = 'waiting-plugin', createScript = function() mf.sleep(1) end }")
                    + "mf.loadRemote('checks/disk')")
            let cause = error?.cause as? MFError
            #expect(cause?.code == .cannotWait)
            #expect(cause?["plugin"] == "waiting-plugin")
            #expect(cause?["hook"] == "createScript")
        }
    }

    @Test(arguments: ["beforeRequest", "afterResolve"])
    func waterfallThatReturnsNoArgumentsNamesPluginAndHook(hook: String) async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .badHookValue,
                Self.host(plugins: "{ name = 'odd-plugin', \(hook) = function() return 7 end }")
                    + "mf.loadRemote('checks/disk')")
            #expect(error?["plugin"] == "odd-plugin")
            #expect(error?["hook"] == hook)
            #expect(error?.message.hasPrefix("`\(hook)` of plugin `odd-plugin` returned") == true)
            #expect(error?.hint != nil)
        }
    }

    @Test func valueOfAWrongTypeInTheArgumentsNamesPluginHookAndField() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .badHookValue,
                Self.host(
                    plugins: "{ name = 'odd-plugin', beforeRequest = function(args) args.id = 7 return args end }")
                    + "mf.loadRemote('checks/disk')")
            #expect(
                error?.message
                    == "`beforeRequest` of plugin `odd-plugin` set an invalid `id`: expected a string, found the number 7"
            )
            #expect(error?["plugin"] == "odd-plugin")
        }
    }

    @Test func failingListenerNamesPluginHookAndLine() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .luaRuntime,
                Self.host(
                    plugins: """
                        { name = "fine-plugin", onLoad = function() end },
                        { name = "broken-plugin", onLoad = function() error("no luck") end }
                        """) + "mf.loadRemote('checks/disk')")
            #expect(error?.message == "host.lua:2: no luck")
            #expect(error?["plugin"] == "broken-plugin")
            #expect(error?["hook"] == "onLoad")
            // The way leads from the listener to the host's line that asked.
            #expect(error?.traceback?.contains("in function 'mf.loadRemote'") == true)
        }
    }

    @Test func failureIsNotTakenForAnEarlierOneOfTheSameWords() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .luaRuntime,
                Self.host(plugins: "{ name = 'broken-plugin', onLoad = function() error('no luck', 0) end }")
                    + "pcall(mf.loadRemote, 'checks/disk') error('no luck', 0)")
            #expect(error?.message == "no luck")
            #expect(error?["plugin"] == nil)
        }
    }

    @Test func createScriptThatReturnsNoRequestIsNamed() async throws {
        try await withSite(Self.texts) { site in
            let error = await site.failure(
                .entryLoadFailed,
                Self.host(plugins: "{ name = 'odd-plugin', createScript = function() return true end }")
                    + "mf.loadRemote('checks/disk')")
            let cause = error?.cause as? MFError
            #expect(cause?.message == "a listener of `createScript` returned a boolean, not a request")
            #expect(cause?.hint?.contains("{ url = ") == true)
        }
    }

    @Test func unknownHookToEmitIsNamed() async throws {
        try await withSite { site in
            let error = await site.failure(
                .unknownHook, Self.host(plugins: "") + "mf.getInstance():emit('beforeRequst', {})")
            #expect(error?.message == "there is no hook `beforeRequst`")
            #expect(error?.hint == "did you mean `beforeRequest`?")
        }
    }
}
