import MFLua

// The Swift examples of the articles in Sources/MFLua/MFLua.docc, with what surrounds them; see ArticleTests.

/// Embedding: loads a check and calls it.
func embed(manifest: String) async throws -> Double? {
    let runtime = try Runtime()
    let host = try await runtime.createHost(
        HostOptions(name: "platform", remotes: [Remote(name: "checks", entry: manifest)]))
    let disk = try await host.loadRemote("checks/disk", deadline: .seconds(10))

    let usage = try await runtime.loop.perform {
        guard case .function(let usage) = disk["usage"] else { return Double?.none }
        return try await runtime.state.callAsync(usage, ["/"]).first?.doubleValue
    }

    do {
        _ = try await host.loadRemote("checks/missing")
    } catch MFError.Code.exposeNotFound {
        print("the team does not publish this check")
    }

    await runtime.shutdown()
    return usage
}

/// Embedding: attaches a tenant's plugin to a host.
func attach(source: String, to host: Host) async throws {
    var options = TenantOptions()
    options.memory = 8 << 20
    try await host.declareTenant("acme", options)
    try await host.onTenantEvent { event in print(event) }
    try await host.register(pluginSource: source, name: "audit.lua", tenant: "acme")
    print(try await host.tenantStats("acme").memory)
}

/// Hot reload: watches a runtime's plugins.
func watch() async throws {
    let runtime = try Runtime(configuration: RuntimeConfiguration(watchesFiles: true))
    let reloader = try await HotReloader.start(for: runtime) { event in print(event.line) }

    await reloader.stop()
    await runtime.shutdown()
}

/// Writing a plugin: redirects a request.
func redirect(on host: Host) async throws {
    let redirect = Plugin("redirect-plugin").on(\.beforeRequest) { arguments in
        var arguments = arguments
        if arguments.id == "old/disk" { arguments.id = "checks/disk" }
        return arguments
    }
    try await host.register(redirect)
}

/// Writing a plugin: what the owner decides.
func observe(on host: Host) async throws {
    try await host.register(
        .file("plugins/metrics.lua")
            .with(PluginPolicy(fail: .observe, timeout: .milliseconds(200)))
            .only(["remote": ["checks"]]))
    for plugin in try await host.plugins() where plugin.state != .on { print(plugin.name, plugin.why ?? "") }
    try await host.disable(plugins: ["metrics-plugin"], for: .seconds(600), why: "INC-42")
}

/// Writing a plugin: options in Swift.
func attachSlack(to host: Host) async throws {
    struct SlackOptions: PluginOptions {
        static let schema: OptionSchema = [
            "url": OptionRule(.url, required: true, about: "The incoming webhook.", secret: true),
            "retries": OptionRule(.integer, default: 3, min: 0, max: 10),
        ]
        let url: SecretText
        let retries: Int

        init(_ values: PluginOptionValues) throws {
            url = try values.secret("url")
            retries = values["retries"].intValue ?? 3
        }
    }

    let slack = Plugin("slack-plugin", options: SlackOptions.self) { plugin, options in
        plugin.on(\.onLoad) { arguments in
            print("\(arguments.id): told \(options.url) up to \(options.retries) times")
            return .nil
        }
    }
    try await host.register(slack, options: ["url": try .secret("env:SLACK_URL")])
}
