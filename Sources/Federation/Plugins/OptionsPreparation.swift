import Diagnostics
import Logging
import LuaBridge

/// The one way in which options come to a plugin: at attach, at each reload, and when it is configured anew.
struct OptionsPreparation {
    let registry: FederationRegistry

    /// Checks options against what the plugin declares, fills in defaults and resolves the secrets among them.
    ///
    /// - Parameters:
    ///   - check: What the author checks beside the schema; called with options that are valid otherwise.
    ///   - holder: Whose options they are: it may use the secrets.
    /// - Throws: ``MFError`` with `PLUGIN-001` that names everything wrong with them, `PLUGIN-002` when `check` does not
    ///   answer as it should, `PLUGIN-003` when a secret has no text.
    func prepare(_ options: PluginDraft.Options, check: LuaFunction?, holder: any SecretHolder) throws -> LuaRecord {
        var resolver = OptionResolver()
        let values = try resolver.resolve(options.given, by: options.schema)
        try expectNone(resolver.faults.map(\.text), options)
        let texts = try resolve(
            resolver.secrets.map { ($0.path, $0.secret) }, of: "plugin `\(options.name)`", place: options.place)
        var faults: [String] = []
        for (found, text) in zip(resolver.secrets, texts) where !found.rule.accepts(.string(text)) {
            let whose = if case .text = found.secret.source { "its text" } else { "the text of \(found.secret.shown)" }
            faults.append("`\(found.path)` is \(found.rule.expected), and \(whose) is not")
        }
        try expectNone(faults, options)
        for (found, text) in zip(resolver.secrets, texts) { found.secret.grant(text, to: holder) }
        if let check { try expectNone(try faultsFound(by: check, values, options), options) }
        for (former, name) in resolver.renamed { warnOnce(former, name, options) }
        return values
    }

    private func expectNone(_ faults: [String], _ options: PluginDraft.Options) throws {
        if !faults.isEmpty { throw MFError.badPluginOptions(faults, of: options.name, place: options.place()) }
    }

    private func faultsFound(
        by check: LuaFunction, _ values: LuaRecord, _ options: PluginDraft.Options
    ) throws -> [String] {
        let answer: LuaValue
        do {
            answer = try registry.state.invokeNow(.function(check), [try readOnly(values)])
        } catch {
            throw MFError.badCheck("failed", of: options.name, check, cause: error)
        }
        if answer.isNil { return [] }
        if let fault = answer.stringValue { return [fault.escapedToOneLine] }
        let faults = try answer.luaElements()?.map(\.stringValue) ?? [nil]
        guard !faults.contains(nil) else {
            throw MFError.badCheck("returned \(answer.shownOption)", of: options.name, check, cause: nil)
        }
        return faults.compactMap { $0?.escapedToOneLine }
    }

    private func warnOnce(_ former: String, _ name: String, _ options: PluginDraft.Options) {
        registry.tell(
            Notices.Notice(
                user: .plugin(options.name), place: options.place(),
                text: "option `\(former)` of \(options.name) is deprecated", advice: "use `\(name)`"))
    }

    /// Options as a plugin gets them: tables that nobody changes.
    func readOnly(_ values: LuaRecord) throws -> LuaValue { try readOnly(.record(values)) }

    private func readOnly(_ value: LuaValue) throws -> LuaValue {
        let state = registry.state
        switch value {
        case .array(let elements):
            return .table(try state.readOnly(try state.makeTable(.array(try elements.map(readOnly)))))
        case .record(let record):
            let entries = try record.entries.map { LuaRecord.Entry(key: $0.key, value: try readOnly($0.value)) }
            return .table(try state.readOnly(try state.makeTable(.record(LuaRecord(entries)))))
        default: return value
        }
    }

    // MARK: - Secrets

    /// Resolves the secrets among options that nothing is declared about.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-003` when one has no text.
    func grantSecrets(in options: LuaValue, to holder: any SecretHolder, place: () -> String?) throws {
        let secrets = Secret.all(in: options)
        let texts = try resolve(secrets, of: "plugin `\(holder.secretHolderName)`", place: place)
        for (found, text) in zip(secrets, texts) { found.1.grant(text, to: holder) }
    }

    /// Options with the texts of the secrets in their places, for code that no other code sees: that of a tenant.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-003` when one has no text.
    func plain(_ options: LuaValue, place: () -> String?) throws -> LuaValue {
        let secrets = Secret.all(in: options)
        if secrets.isEmpty { return options }
        let texts = try resolve(secrets, of: "the tenant's plugin", place: place)
        let found = Dictionary(zip(secrets.map { ObjectIdentifier($0.secret) }, texts)) { $1 }
        return try replaced(options) { found[ObjectIdentifier($0)].map { .string($0) } ?? .nil }
    }

    /// Options that were resolved for a holder, with the texts of its secrets.
    func plain(_ options: LuaValue, of holder: any SecretHolder) throws -> LuaValue {
        try replaced(options) { .string(try $0.text(for: holder)) }
    }

    private func replaced(_ value: LuaValue, _ text: (Secret) throws -> LuaValue) throws -> LuaValue {
        switch value {
        case .object(let object as Secret): return try text(object)
        case .table(let table): return try replaced(try table.copied(depth: 32), text)
        case .array(let elements): return .array(try elements.map { try replaced($0, text) })
        case .record(let record):
            return .record(
                LuaRecord(try record.entries.map { .init(key: $0.key, value: try replaced($0.value, text)) }))
        default: return value
        }
    }

    private func resolve(
        _ secrets: [(path: String, secret: Secret)], of thing: String, place: () -> String?
    ) throws -> [String] {
        var texts: [String] = []
        var failures: [(path: String, secret: Secret, reason: String)] = []
        for (path, secret) in secrets {
            do { texts.append(try registry.secrets.text(of: secret)) } catch {
                failures.append((path, secret, error.reason))
            }
        }
        if !failures.isEmpty { throw MFError.unresolved(failures, of: thing, place: place()) }
        return texts
    }
}

extension MFError {
    /// PLUGIN-001: options that are not what a plugin declares: all that is wrong in one message.
    static func badPluginOptions(_ faults: [String], of plugin: String, place: String?) -> MFError {
        let most = 20
        var texts = Array(faults.prefix(most))
        if faults.count > most { texts.append("and \(faults.count - most) more") }
        return MFError(
            .pluginOptions,
            (place.map { "\($0): " } ?? "") + "options of \(plugin): \(texts.joined(separator: "; "))",
            context: [("plugin", plugin), ("entry", place)],
            hint: "`mflua plugin help FILE` lists the options of a plugin")
    }

    /// PLUGIN-002: a `check` that does not answer as it should.
    static func badCheck(_ what: String, of plugin: String, _ check: LuaFunction?, cause: (any Error)?) -> MFError {
        let reason = (cause as? MFError).map { ": \($0.message)" } ?? ""
        return MFError(
            .pluginDeclaration, "\(check?.place.map { "\($0): " } ?? "")`check` of \(plugin) \(what)\(reason)",
            context: [("plugin", plugin)],
            hint: "`check` returns nothing for good options, and a string or a list of strings for others", cause: cause
        )
    }
}
