import Diagnostics
import EventLoops
import LuaBridge

/// Asks plugins how they are, and looks at what a host knows itself.
struct HealthService: HostService {
    let context: HostContext
    /// How long the `health` of a plugin may take, and each remote's server to answer.
    private let limit: Duration

    init(_ context: HostContext, limit: Duration = .seconds(5)) { (self.context, self.limit) = (context, limit) }

    /// Everything that was found: first about the host's plugins in their order, then about the rest.
    func lines() async -> [HealthLine] {
        let plugins = context.plugins.filter { $0.account?.rest == nil }
        async let remotes = remoteLines(limit: limit)
        var told: [HealthLine] = []
        for question in plugins.map({ plugin in loop.start { await ask(plugin) } }) {
            told += (try? await question.value) ?? []
        }
        return told + pluginLines + shareLines + tenantLines + (await remotes)
    }

    /// What a plugin says of itself.
    private func ask(_ plugin: RegisteredPlugin) async -> [HealthLine] {
        guard let check = HealthCheck(plugin) else { return [] }
        let report = HealthReport(about: HealthLine.plugin(plugin.name))
        // What waits for nothing that could come is ended by the time, and is no reason to end the script.
        let keeper = loop.schedule(after: limit) {}
        defer { loop.cancel(keeper) }
        do {
            try await loop.perform(deadline: limit) { [state] in try await check.run(report, in: state) }
        } catch MFError.Code.deadlineExceeded {
            report.error(
                "`health` took more than \(limit)", advice: "look for a wait or a loop that does not end in it")
        } catch {
            report.error("`health` failed: \(Self.reason(error))", advice: "correct the plugin's `health`")
        }
        return report.finish()
    }

    private static func reason(_ error: any Error) -> String { (error as? MFError)?.message ?? "\(error)" }
}

/// The `health` of a plugin, whatever it is written in.
private struct HealthCheck: Sendable {
    private enum Body: Sendable {
        case lua(LuaFunction)
        case tenant(LuaCallable)
        case swift(@Sendable (HealthReport) async throws -> Void)
    }

    private let body: Body

    init?(_ plugin: RegisteredPlugin) {
        switch plugin.body {
        case .lua(let lua):
            guard let function = lua.health else { return nil }
            body = .lua(function)
        case .tenant(let tenant, _):
            guard let function = tenant.function("health") else { return nil }
            body = .tenant(function)
        case .swift(let swift):
            guard let function = swift.healthCheck else { return nil }
            body = .swift(function)
        }
    }

    func run(_ report: HealthReport, in state: LuaState) async throws {
        switch body {
        case .swift(let check): try await check(report)
        case .lua(let function): _ = try await state.invoke(.function(function), [report.luaValue])
        case .tenant(let function):
            // Tells its lines at the end: what is called in a tenant gets no functions.
            let answer = try await state.invoke(.callable(function), [])
            for line in try answer.field("lines").luaElements() ?? [] {
                guard let level = try line.field("level").stringValue.flatMap(HealthLine.Level.init) else { continue }
                report.add(level, try line.field("text").stringValue ?? "", try line.field("advice").stringValue)
            }
            if let failure = try answer.field("failure").stringValue {
                report.error("`health` failed: \(failure)", advice: "correct the plugin's `health`")
            }
        }
    }
}

extension HealthLine {
    /// The same for Lua, as `host:health()` gives it.
    var luaValue: LuaValue {
        .record(
            LuaRecord([
                ("level", .string(level.rawValue)), ("subject", .string(subject)), ("text", .string(text)),
                ("advice", .optional(advice)),
            ]))
    }
}
