import Diagnostics
import EventLoops
import Fetch
import LuaBridge

/// Whose code calls `mf.fetch`: it decides which secrets it may send.
enum SecretUser: Sendable {
    /// The host script: any, as it has named them.
    case script
    /// A plugin: those in its own options.
    case plugin(any SecretHolder)
    /// Remotes and others: none.
    case others

    fileprivate func text(_ secret: Secret, _ store: SecretStore, _ loop: EventLoop) async throws -> String {
        switch self {
        case .plugin(let holder): return try secret.text(for: holder)
        case .others: throw MFError.secretOfOthers(secret, used: nil)
        case .script:
            do { return try await store.text(of: secret, on: loop) } catch {
                throw MFError.unresolved([("", secret, error.reason)], of: "`fetch`", place: nil)
            }
        }
    }
}

/// The arguments of `mf.fetch` with the texts of secrets in their places.
struct FetchArguments {
    private let url: String
    /// What is shown in place of a secret URL.
    private let shownURL: String?
    private var options: LuaValue
    private var secretHeaders: Set<String> = []
    private var hasSecretBody = false

    /// Reads the arguments of a call.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-005` for a secret of others, `PLUGIN-003` for one without a text, `LUA-009` when
    ///   the URL is no string.
    init(_ call: LuaCall, secrets: SecretStore, _ user: SecretUser) async throws {
        let loop = call.state.loop
        if case .object(let object) = call[0], let secret = object as? Secret {
            (url, shownURL) = (try await user.text(secret, secrets, loop), secret.shown)
        } else {
            (url, shownURL) = (try call.string(0), nil)
        }
        options = call[1]
        guard options.isTable, !Secret.all(in: options).isEmpty else { return }
        var entries: [LuaRecord.Entry] = []
        for (key, value) in try options.luaEntries() ?? [] {
            var value = value
            if case .object(let object) = value, let secret = object as? Secret, key == "body" {
                value = .string(try await user.text(secret, secrets, loop))
                hasSecretBody = true
            } else if key == "headers", value.isTable {
                var headers: [LuaRecord.Entry] = []
                for (name, value) in try value.luaEntries() ?? [] {
                    guard case .object(let object) = value, let secret = object as? Secret else {
                        headers.append(.init(key: name, value: value))
                        continue
                    }
                    headers.append(.init(key: name, value: .string(try await user.text(secret, secrets, loop))))
                    if let name = name.stringValue { secretHeaders.insert(name.lowercased()) }
                }
                value = .record(LuaRecord(headers))
            }
            entries.append(.init(key: key, value: value))
        }
        options = .record(LuaRecord(entries))
    }

    /// The request.
    ///
    /// - Throws: ``MFError`` with `LUA-009` or `LUA-012` for options that cannot be used.
    func request() throws -> FetchRequest {
        var request = FetchRequest(url: url, acceptsAnyStatus: true)
        try request.take(options: options)
        request.secretHeaders = secretHeaders
        request.hasSecretBody = hasSecretBody
        if let shownURL {
            request.shownURL = shownURL
            request.maxRedirects = 0
        }
        return request
    }
}
