import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What `mflua plugin help` and forms are made of, and the plugins that come with mflua.
@Suite(.timeLimit(.minutes(1))) struct PluginDescriptionTests {
    private static let plugin = """
        error_if_run = true
        return {
          name = "slack-plugin", version = "2.1.0", about = "Posts failed loads.",
          options = {
            url = { type = "url", secret = true, required = true, about = "The webhook." },
            token = { type = "string", secret = true, default = "planted-7f3a" },
            level = { enum = { "warn", "error" }, default = "error" },
            every = { type = "duration", min = "1s", default = "30s" },
            channels = { list = "string", default = {}, was = "channel" },
            tls = { fields = { ca = { type = "path" } } },
          },
          plugin = function() error("it ran") end,
        }
        """

    private static func description(_ text: String = plugin) async throws -> PluginDescription {
        let folder = try TemporaryFolder()
        let path = try folder.write("slack-plugin.lua", text)
        return try await withSite { try await $0.runtime.describe(plugin: path) }
    }

    @Test func theTextHasEveryOption() async throws {
        let text = try await Self.description().text
        #expect(text.hasPrefix("slack-plugin 2.1.0: Posts failed loads.\n"))
        #expect(text.contains("\n  url       URL such as \"https://example.org/path\", required"))
        #expect(text.contains("\n  every     duration such as \"30s\" from \"1s\" on, \"30s\" if absent"))
        #expect(text.contains("\n  tls.ca    path"))
        #expect(text.contains("The webhook. Secret."))
        #expect(text.contains("Formerly `channel`."))
    }

    @Test func markdownIsATable() async throws {
        let text = try await Self.description().markdown
        #expect(text.contains("| `level` | one of \"warn\", \"error\", \"error\" if absent |  |"))
    }

    @Test func jsonSchemaSaysWhatFormsNeed() async throws {
        let json = try await Self.description().jsonSchema()
        let schema = try JSON.decode(Array(json.utf8))
        #expect(schema["properties"]["url"]["format"] == "uri")
        #expect(schema["properties"]["url"]["writeOnly"] == true)
        #expect(schema["properties"]["level"]["default"] == "error")
        #expect(schema["properties"]["channels"]["default"] == .array([]))
        #expect(schema["properties"]["tls"]["properties"]["ca"]["type"] == "string")
        #expect(schema["required"] == .array(["url"]))
        #expect(schema["additionalProperties"] == false)
    }

    @Test func stubsAreClasses() async throws {
        let stubs = try await Self.description().stubs
        #expect(stubs.contains("---@class slack.Options\n"))
        #expect(stubs.contains("---@field url string|mf.Secret The webhook. Secret.\n"))
        #expect(stubs.contains("---@field level? \"warn\"|\"error\"\n"))
        #expect(stubs.contains("---@field tls? slack.Options.tls\n"))
    }

    @Test func noFormTellsASecret() async throws {
        let description = try await Self.description()
        let all = try description.text + description.markdown + description.jsonSchema() + description.stubs
        #expect(!all.contains("planted"))
    }

    @Test(arguments: ["return function() end", "return { name = 'a-plugin' }", "return 5"])
    func aFileThatDeclaresNothingIsSaidSo(text: String) async throws {
        let error = await expectMFError(.pluginInvalid) { try await Self.description(text) }
        #expect(error?.message.hasSuffix("slack-plugin.lua` declares no options") == true)
    }

    // MARK: What comes with mflua

    /// Options of a shipped plugin, and what is wrong with them.
    static let shipped: [(call: String, message: String)] = [
        ("retry { tims = 1 }", "options of retry-plugin: `tims` is not an option (did you mean `times`?)"),
        ("retry { times = 'often' }", "options of retry-plugin: `times` is an integer from 0 on, got \"often\""),
        ("retry { times = -1 }", "`times` is an integer from 0 on, got -1"),
        ("retry { url = 5 }", "`url` is a list of URLs or a function, got a number"),
        ("retry { url = { 'a', 5 } }", "`url` is a list of URLs or a function, got a table"),
        ("retry { log = true }", "`log` is a function or `false`, got a boolean"),
        ("fallback { module = {} }", "options of fallback-plugin: `module` is not an option (did you mean `modules`?)"),
        ("fallback { modules = 5 }", "`modules` is a table of values by name, got 5"),
        ("trace { level = 'all' }", "options of trace-plugin: `level` is one of \"info\", \"debug\", got \"all\""),
        ("trace { output = 'file' }", "`output` is a function or an open file, got a string"),
    ]

    @Test(arguments: shipped.indices) func theShippedPluginsDeclareTheirOptions(index: Int) async throws {
        let (call, message) = Self.shipped[index]
        try await withSite { site in
            let error = await site.failure(
                .pluginOptions, "require('mf.plugins.'.. '\(call.prefix { $0 != " " })') \(call.drop { $0 != " " })")
            #expect(error?.message.hasPrefix("host.lua:1: ") == true)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: ShippedPlugin.all.map(\.module)) func aShippedPluginNeedsNoOptions(module: String) async throws {
        try await withSite { site in
            let seen = try await site.lua("return type(require('\(module)')().name), require('\(module)') {}.name")
            #expect(seen.first == "string")
        }
    }

    @Test func theOptionsOfShippedPluginsAreExplained() {
        #expect(
            Reference.appendix(to: .pluginOptions)?.contains("mf.plugins.retry\n    backoff, delay, log, times, url")
                == true)
    }

    // MARK: Swift

    private struct GreetingOptions: PluginOptions {
        static let schema: OptionSchema = [
            "greeting": OptionRule(.string, default: "hello", about: "What is said."),
            "token": OptionRule(.string, secret: true),
        ]
        let greeting: String
        let token: SecretText?

        init(_ values: PluginOptionValues) throws {
            greeting = values["greeting"].stringValue ?? ""
            token = values["token"].isNil ? nil : try values.secret("token")
        }
    }

    private static let greeting = Plugin("greeting-plugin", options: GreetingOptions.self) { plugin, options in
        plugin.on(\.errorLoadRemote) { _ in .string("\(options.greeting) \(options.token?.reveal() ?? "-")") }
    }

    @Test func aSwiftPluginIsMadeOfItsOptions() async throws {
        try await withSite { site in
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", plugins: [.swift(Self.greeting, options: ["greeting": "hi", "token": "planted"])]))
            #expect(try await host.loadRemote("none/x") == "hi planted")
            let other = try await site.runtime.createHost(HostOptions(name: "other"), plugins: [Self.greeting])
            #expect(try await other.loadRemote("none/x") == "hello -")
        }
    }

    @Test func aSwiftPluginsOptionsAreChecked() async throws {
        try await withSite { site in
            let host = try await site.runtime.createHost(HostOptions(name: "host"))
            let error = await expectMFError(.pluginOptions) {
                try await host.register(Self.greeting, options: ["greting": "hi", "token": 5])
            }
            #expect(
                error?.message == "options of greeting-plugin: `greting` is not an option (did you mean `greeting`?); "
                    + "`token` is a string, got a number")
            await expectMFError(.secretUnresolved) {
                try await host.register(Self.greeting, options: ["token": try .secret("env:MFLUA_NOT_SET")])
            }
            #expect(try await host.optionSchema(of: "greeting-plugin") == nil)
        }
    }

    @Test func aSecretsTextIsNotShownInSwift() async throws {
        let secret = SecretText(shown: "‹secret x›", text: "planted")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped) \([secret])".contains("planted"))
        #expect(secret.reveal() == "planted")
    }

    @Test func anAttachedPluginsSchemaIsJSON() async throws {
        try await withSite { site in
            let host = try await site.runtime.createHost(HostOptions(name: "host"))
            try await host.register(Self.greeting)
            let json = try #require(try await host.optionSchema(of: "greeting-plugin"))
            let schema = try JSON.decode(Array(json.utf8))
            #expect(schema["properties"]["greeting"]["default"] == "hello")
            #expect(try await host.optionSchema(of: "other-plugin") == nil)
        }
    }
}
