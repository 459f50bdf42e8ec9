import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Secrets in the options of plugins: where their texts come from, who may use them, and that nobody sees them.
@Suite(.timeLimit(.minutes(2))) struct SecretTests {
    private static let planted = "planted-7f3a"

    /// A plugin with a secret option: it answers loads with the text, and `x-plugin.lua` keeps the secret for others.
    private static let plugin = """
        return {
          name = "x-plugin", options = { token = { type = "string", secret = true, required = true } },
          plugin = function(options)
            SHARED.secret = options.token
            return { errorLoadRemote = function() return options.token:reveal() end }
          end,
        }
        """

    private static func withPlugin<T: Sendable>(
        _ text: String = plugin, _ body: @Sendable (Site, TemporaryFolder) async throws -> T
    ) async throws -> T {
        let folder = try TemporaryFolder()
        try folder.write("x-plugin.lua", "SHARED = require('shared')\n" + text)
        try folder.write("token", planted)
        return try await withSite { site in
            try await site.runtime.provide("shared", ["secret": .nil])
            return try await body(site, folder)
        }
    }

    private static func attach(_ reference: String, _ folder: TemporaryFolder, name: String = "host") -> String {
        """
        shared = require("shared")
        h = mf.createInstance {
          name = "\(name)", plugins = { { "\(folder.path)/x-plugin.lua", { token = \(reference) } } },
        }

        """
    }

    // MARK: Where a text comes from

    /// References below a folder `DIR`, and the texts that they have.
    static let sources: [(reference: String, text: String)] = [
        ("mf.secret 'file:DIR/token'", planted), ("mf.secret 'cmd:cat DIR/token'", planted),
        ("mf.secret 'cmd:  printf\\ta|b  '", "a|b"), ("mf.secret 'cmd:echo $HOME;x'", "$HOME;x"),
        ("mf.secret 'cmd:printf a\\\\n\\\\n'", "a\n"), ("'plain text'", "plain text"),
    ]

    @Test(arguments: sources.indices) func aReferenceIsResolvedAtAttach(index: Int) async throws {
        let (reference, text) = Self.sources[index]
        try await Self.withPlugin { site, folder in
            let reference = reference.replacing("DIR", with: folder.path)
            let seen = try await site.lua(Self.attach(reference, folder) + "return h:loadRemote('none/x')")
            #expect(seen == [.string(text)])
        }
    }

    @Test func aVariableOfTheEnvironmentIsASource() async throws {
        let home = String(cString: getenv("PATH"))
        try await Self.withPlugin { site, folder in
            let seen = try await site.lua(Self.attach("mf.secret 'env:PATH'", folder) + "return h:loadRemote('none/x')")
            #expect(seen == [.string(home)])
        }
    }

    @Test func oneLineEndIsLeftOut() async throws {
        try await Self.withPlugin { site, folder in
            try folder.write("line", "text\r\n")
            let script = Self.attach("mf.secret 'file:\(folder.path)/line'", folder)
            #expect(try await site.lua(script + "return h:loadRemote('none/x')") == ["text"])
        }
    }

    /// References below a folder `DIR` that have no text, and why.
    static let unresolved: [(reference: String, reason: String)] = [
        ("env:MFLUA_TEST_NOT_SET", "the variable `MFLUA_TEST_NOT_SET` is not set"),
        ("file:DIR/missing", "No such file or directory"), ("file:DIR", "it is not a regular file"),
        ("file:DIR/fifo", "it is not a regular file"), ("file:/dev/zero", "it is not a regular file"),
        ("file:DIR/empty", "it is empty"), ("file:DIR/newline", "it is empty"),
        ("file:DIR/megabyte", "it is longer than 64 KiB"), ("file:DIR/binary", "it is not text in UTF-8"),
        ("cmd:true", "it is empty"), ("cmd:false", "`false` exited with 1"),
        ("cmd:mflua-no-such-program", "cannot run `mflua-no-such-program`: No such file or directory"),
        ("cmd:cat /dev/zero", "it prints more than 65536 bytes"),
        ("cmd:sh -c kill${IFS}-9${IFS}$$", "was ended by signal 9"),
    ]

    @Test(arguments: unresolved.indices) func aSecretWithoutATextIsAnErrorAndNeverEmpty(index: Int) async throws {
        let (reference, reason) = Self.unresolved[index]
        try await Self.withPlugin { site, folder in
            mkfifo(folder.path + "/fifo", 0o600)
            try folder.write("empty", "")
            try folder.write("newline", "\n")
            try folder.write("megabyte", String(repeating: "x", count: 1 << 20))
            try folder.write("binary", "a\0b")
            let reference = "mf.secret '\(reference.replacing("DIR", with: folder.path))'"
            let error = await site.failure(.secretUnresolved, Self.attach(reference, folder))
            #expect(error?.message.contains("secrets of plugin `x-plugin`: `token`: ‹secret ") == true)
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
            #expect(try await site.lua("return #mf.instances(), require('shared').secret") == [0, .nil])
        }
    }

    @Test(arguments: ["text", "env", "env:", "env:A=B", "file:", "cmd:", "cmd:  ", "vault:x", "planted:7f3a"])
    func whatIsNoReferenceIsRefusedWithoutTellingIt(reference: String) async throws {
        try await withSite { site in
            let error = await site.failure(.badArgument, "mf.secret '\(reference)'")
            #expect(error?.message.contains("`env:NAME`, `file:PATH` or `cmd:COMMAND` expected") == true)
            #expect(error?.message.contains("planted") == false)
        }
    }

    @Test func theTextIsHeldAgainstTheType() async throws {
        let text = Self.plugin.replacing("type = \"string\"", with: "type = \"url\"")
        try await Self.withPlugin(text) { site, folder in
            let script = Self.attach("mf.secret 'file:\(folder.path)/token'", folder)
            let error = await site.failure(.pluginOptions, script)
            #expect(error?.message.contains("and the text of ‹secret file:\(folder.path)/token› is not") == true)
            #expect(error?.message.contains(Self.planted) == false)
        }
    }

    @Test func commandsRunWhileTheLoopGoesOn() async throws {
        try await Self.withPlugin { site, folder in
            try folder.write(
                "slow", "#!/bin/sh\nwhile [ ! -e \(folder.path)/go ]; do sleep 0.01; done\necho late\n", mode: 0o755)
            let script = """
                mf.spawn(function() mf.sleep(1) io.open("\(folder.path)/go", "w"):close() end)
                \(Self.attach("mf.secret 'cmd:\(folder.path)/slow'", folder))
                return h:loadRemote("none/x")
                """
            #expect(try await site.lua(script) == ["late"])
        }
    }

    @Test func eachReloadResolvesAnew() async throws {
        try await Self.withPlugin { site, folder in
            try await site.lua(Self.attach("mf.secret 'file:\(folder.path)/token'", folder))
            try folder.write("token", "rotated")
            #expect(try await site.lua("return h:loadRemote('none/x')") == [.string(Self.planted)])
            try await site.lua("h:reload('x-plugin')")
            #expect(try await site.lua("return h:loadRemote('none/x')") == ["rotated"])
            try folder.write("token", "")
            let error = await site.failure(.reloadFailed, "h:reload('x-plugin')")
            #expect((error?.cause as? MFError)?.code == .secretUnresolved)
            #expect(try await site.lua("return h:loadRemote('none/x')") == ["rotated"])
        }
    }

    /// As on SIGHUP, with a secret that a command prints and one that a file has.
    @Test(arguments: ["cmd:cat", "file:"]) func allPluginsAreReloadedWithTheirSecretsAsTheyAreNow(source: String)
        async throws
    {
        try await Self.withPlugin { site, folder in
            let reference = source == "file:" ? source : source + " "
            try await site.lua(Self.attach("mf.secret '\(reference)\(folder.path)/token'", folder))
            for (text, isTaken) in [("rotated", true), ("", false)] {
                try folder.write("token", text)
                let runtime = site.runtime
                let error = try await runtime.loop.perform {
                    await withCheckedContinuation { continuation in
                        runtime.onReload = { continuation.resume(returning: $0.error) }
                        runtime.reloadAllPlugins()
                    }
                }
                #expect((error == nil) == isTaken)
                let seen = try await site.lua("return h:loadRemote('none/x')")
                #expect(seen == ["rotated"])
            }
        }
    }

    // MARK: Who may use it

    /// Code of others that has got hold of the secret `s`.
    static let others = [
        "return s:reveal()", "return (s.reveal)(s)", "return select(2, assert(pcall(s.reveal, s)))",
        "return coroutine.wrap(s.reveal)(s)", "return coroutine.wrap(function() return s:reveal() end)()",
        "return load('return ...')(s):reveal()", "local f = load('return (...):reveal()', '@PLUGIN') return f(s)",
    ]

    @Test(arguments: others) func othersDoNotRevealIt(code: String) async throws {
        try await Self.withPlugin { site, folder in
            let code = code.replacing("PLUGIN", with: folder.path + "/x-plugin.lua")
            let script = Self.attach("'\(Self.planted)'", folder) + "local s = require('shared').secret \(code)"
            let error = await site.failure(.secretOfOthers, script)
            #expect(error?.message.contains(Self.planted) == false)
        }
    }

    @Test func anotherPluginNeitherRevealsNorSendsIt() async throws {
        try await Self.withPlugin { site, folder in
            let other = """
                local mf, shared = require("mf"), require("shared")
                return { name = "other-plugin",
                  errorLoadRemote = function()
                    local told = {}
                    for _, f in ipairs {
                      function() return shared.secret:reveal() end,
                      function() return mf.fetch(shared.secret) end,
                      function() return mf.fetch("http://x/", { headers = { a = shared.secret } }) end,
                      function() return mf.fetch("http://x/", { method = "POST", body = shared.secret }) end,
                    } do
                      local ok, e = pcall(f)
                      told[#told + 1] = ok and "used" or e.code
                    end
                    return table.concat(told, " ")
                  end }
                """
            try folder.write("other-plugin.lua", other)
            let script =
                Self.attach("'\(Self.planted)'", folder) + """
                    h:removePlugins { "none" }
                    h:registerPlugins { "\(folder.path)/other-plugin.lua" }
                    return h:loadRemote("none/x")
                    """
            #expect(try await site.lua(script) == ["PLUGIN-005 PLUGIN-005 PLUGIN-005 PLUGIN-005"])
        }
    }

    /// Text that another plugin loads under the name of the plugin's file is not the plugin's code.
    @Test func textUnderThePluginsNameIsNotItsCode() async throws {
        try await Self.withPlugin { site, folder in
            let other = """
                local shared = require("shared")
                return { name = "other-plugin", errorLoadRemote = function()
                  local f = load("return function(s) return s:reveal() end", "@\(folder.path)/x-plugin.lua")()
                  return select(2, pcall(f, shared.secret)).code
                end }
                """
            try folder.write("other-plugin.lua", other)
            let script =
                Self.attach("'\(Self.planted)'", folder) + """
                    h:registerPlugins { "\(folder.path)/other-plugin.lua" }
                    return h:loadRemote("none/x")
                    """
            #expect(try await site.lua(script) == ["PLUGIN-005"])
        }
    }

    @Test func aDefaultMayBeASecret() async throws {
        let text = Self.plugin.replacing(
            "secret = true, required = true", with: "secret = true, default = require('mf').secret 'cmd:printf default'"
        )
        try await Self.withPlugin(text) { site, folder in
            let seen = try await site.lua(Self.attach("nil", folder) + "return h:loadRemote('none/x')")
            #expect(seen == ["default"])
        }
    }

    @Test func aCancelledAttachEndsTheCommand() async throws {
        try await Self.withPlugin { site, folder in
            let script = """
                local task = mf.spawn(function() \(Self.attach("mf.secret 'cmd:sleep 1000'", folder)) end)
                mf.sleep(5)
                task:cancel()
                return #mf.instances()
                """
            #expect(try await site.lua(script) == [0])
            try await site.runtime.waitUntilIdle()
        }
    }

    @Test func aFunctionOfOptionsMayUseASecretToo() async throws {
        let plugin =
            "return function(o) return { name = 'x-plugin', errorLoadRemote = function() return o.token:reveal() end } end"
        try await Self.withPlugin(plugin) { site, folder in
            let script = Self.attach("mf.secret 'file:\(folder.path)/token'", folder)
            let seen = try await site.lua(script + "return h:loadRemote('none/x')")
            #expect(seen == [.string(Self.planted)])
            let error = await site.failure(
                .secretUnresolved, Self.attach("mf.secret 'file:\(folder.path)/missing'", folder, name: "two"))
            #expect(error?.message.contains("`token`: ‹secret file:") == true)
        }
    }

    // MARK: Nobody sees it

    /// Ways to show a secret `s`; each gives a text.
    static let shows = [
        "tostring(s)", "('%s'):format(s)", "mf.json.encode({ s = s })", "mf.json.encode(s, { pretty = true })",
        "mf.type(s)", "select(2, pcall(mf.json.encode, h.options.plugins))", "tostring(h.options.plugins[1])",
        "select(2, pcall(function() return 'a' .. s end))", "select(2, pcall(function() return s.x.y end))",
        "tostring(select(2, pcall(s.reveal, s)))", "debug.traceback(tostring(s))", "tostring(s.text or s.value)",
        "tostring(#s)", "tostring(select(2, pcall(error, s)))",
        "tostring(select(2, pcall(h.registerPlugins, h, { s })))",
        "tostring(select(2, pcall(mf.init, { name = 'x', version = s })))",
        "(function() local t = {} for k, v in pairs(s) do t[#t + 1] = tostring(v) end return table.concat(t) end)()",
        "(function() local t = {} for k, v in pairs(debug.getmetatable(s)) do t[#t + 1] = tostring(v) end return table.concat(t) end)()",
    ]

    @Test(arguments: shows) func noWayOfShowingItTellsItsText(show: String) async throws {
        try await Self.withPlugin { site, folder in
            let script = Self.attach("'\(Self.planted)'", folder) + "local s = require('shared').secret return \(show)"
            let seen = try await site.lua("\(script)")
            #expect(!"\(seen)".contains(Self.planted), "\(seen)")
            #expect(!site.log.messages.joined().contains(Self.planted))
        }
    }

    // MARK: Tenants

    @Test func theValuesOfATenantsEnvAreTheTenantsOnly() async throws {
        try await Self.withPlugin { site, folder in
            try folder.write(
                "t-plugin.lua",
                "local mf = require('mf') return { name = 't-plugin', errorLoadRemote = function() return mf.env.KEY .. mf.env.FILE end }"
            )
            let seen = try await site.lua(
                """
                local seen = {}
                local h = mf.init {
                  name = "host",
                  tenants = { acme = { env = { KEY = "\(Self.planted)", FILE = mf.secret "file:\(folder.path)/token", EMPTY = "" },
                                       changes = { "*" } } },
                  plugins = {
                    { name = "spy-plugin", beforeInit = function(args)
                        seen[1] = mf.json.encode(args.userOptions.tenants.acme.env)
                        return args
                      end },
                    { "\(folder.path)/t-plugin.lua", nil, tenant = "acme" },
                  },
                }
                local keys = {}
                for name, value in pairs(h.options.tenants.acme.env) do keys[#keys + 1] = name .. tostring(value) end
                table.sort(keys)
                return seen[1] .. table.concat(keys, " "), mf.loadRemote("none/x")
                """)
            let shown = try #require(seen.first?.stringValue)
            #expect(!shown.contains(Self.planted))
            #expect(shown.hasSuffix("EMPTY‹secret EMPTY› FILE‹secret file:\(folder.path)/token› KEY‹secret KEY›"))
            #expect(seen.last == .string(Self.planted + Self.planted))
        }
    }

    @Test func aTenantWhoseEnvHasNoTextIsNotDeclared() async throws {
        try await withSite { site in
            let error = await site.failure(
                .secretUnresolved,
                "mf.init { name = 'host', tenants = { a = { env = { K = mf.secret 'env:MFLUA_NOT_SET' } } } }")
            #expect(error?.message.contains("secrets of tenant `a`: `env.K`: ‹secret env:MFLUA_NOT_SET›") == true)
        }
    }
}
