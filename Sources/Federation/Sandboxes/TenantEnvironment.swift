import Diagnostics
import LuaBridge

/// The `env` of tenants among the options of a host: its values are the tenant's, and others see its names.
enum TenantEnvironment {
    private static let key = "env"

    /// The options of tenants with secrets in place of the values of `env`.
    ///
    /// - Returns: The same value where there are none.
    static func hidden(in tenants: LuaValue) throws -> LuaValue {
        let all = try tenants.luaEntries() ?? []
        guard try all.contains(where: { try hasValues($0.value) }) else { return tenants }
        let entries = try all.map { tenant in
            guard try hasValues(tenant.value) else { return LuaRecord.Entry(key: tenant.key, value: tenant.value) }
            let options = try (tenant.value.luaEntries() ?? []).map { option in
                LuaRecord.Entry(
                    key: option.key, value: option.key == .string(key) ? try hidden(option.value) : option.value)
            }
            return LuaRecord.Entry(key: tenant.key, value: .record(LuaRecord(options)))
        }
        let copy = LuaValue.record(LuaRecord(entries))
        // A table again where it was one: what hooks change in it counts.
        if case .table(let table) = tenants { return .table(try table.state.makeTable(copy)) }
        return copy
    }

    /// The same for options that Swift gives.
    static func hidden(in tenants: [(String, TenantOptions)]) -> LuaValue {
        .record(
            LuaRecord(
                tenants.map { name, options in
                    var plain = options
                    plain.env = [:]
                    guard case .record(var record) = plain.luaValue, !options.env.isEmpty else {
                        return (name, plain.luaValue)
                    }
                    record[key] = .record(
                        LuaRecord(
                            options.env.sorted { $0.key < $1.key }.map {
                                ($0.key, .object(Secret(text: $0.value, of: $0.key)))
                            }))
                    return (name, .record(record))
                }))
    }

    private static func hasValues(_ options: LuaValue) throws -> Bool {
        guard options.isTable else { return false }
        return try options.field(key).luaEntries()?.contains { $0.value.stringValue != nil } ?? false
    }

    private static func hidden(_ values: LuaValue) throws -> LuaValue {
        .record(
            LuaRecord(
                try (values.luaEntries() ?? []).map { entry in
                    guard let text = entry.value.stringValue else { return .init(key: entry.key, value: entry.value) }
                    let secret = Secret(text: text, of: entry.key.stringValue ?? key)
                    return .init(key: entry.key, value: .object(secret))
                }))
    }

    /// The options of one tenant with the texts of the secrets in its `env`.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-003` where one has no text.
    static func shown(
        in options: LuaValue, of tenant: String, _ text: (Secret) throws(SecretSource.Unresolved) -> String
    )
        throws -> LuaValue
    {
        guard options.isTable else { return options }
        let values = try options.field(key)
        let secrets = Secret.all(in: values)
        guard !secrets.isEmpty else { return options }
        var texts: [String: LuaValue] = [:]
        var failures: [(path: String, secret: Secret, reason: String)] = []
        for (path, secret) in secrets {
            // What was written as plain text may be empty.
            if case .text(let plain) = secret.source {
                texts[path] = .string(plain)
                continue
            }
            do { texts[path] = .string(try text(secret)) } catch {
                failures.append(("\(key).\(path)", secret, error.reason))
            }
        }
        if !failures.isEmpty { throw MFError.unresolved(failures, of: "tenant `\(tenant)`", place: nil) }
        let entries = try (options.luaEntries() ?? []).map { option in
            guard option.key == .string(key) else { return LuaRecord.Entry(key: option.key, value: option.value) }
            let values = try (option.value.luaEntries() ?? []).map { entry in
                LuaRecord.Entry(key: entry.key, value: entry.key.stringValue.flatMap { texts[$0] } ?? entry.value)
            }
            return LuaRecord.Entry(key: option.key, value: .record(LuaRecord(values)))
        }
        return .record(LuaRecord(entries))
    }
}
