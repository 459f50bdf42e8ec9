import Diagnostics
import LuaBridge
import Synchronization

/// Those in whose options a secret is: they may use its text.
protocol SecretHolder: AnyObject, Sendable {
    /// The name, for messages.
    var secretHolderName: String { get }
    /// Whether the code that calls Swift right now is the holder's.
    func isCalling(_ state: LuaState) -> Bool
}

/// A secret as Lua and Swift hold it: a reference to a text that is shown nowhere.
///
/// `tostring`, JSON and messages show `‹secret env:SLACK_URL›`. The text is resolved for each holder on its own: an older
/// version of a plugin keeps what it was made with.
final class Secret: LuaObject {
    let source: SecretSource
    /// The reference, or the option that it was written for.
    let name: String
    private let state = Mutex(State())

    private struct State {
        var grants: [Grant] = []
        var printed: Result<String, SecretSource.Unresolved>?
    }

    private struct Grant: Sendable {
        weak var holder: (any SecretHolder)?
        let text: String
    }

    /// A secret by its reference, such as `env:SLACK_URL`.
    ///
    /// - Throws: ``MFError`` with `LUA-009` for what is no reference.
    init(reference: String) throws {
        guard let source = SecretSource(reference) else { throw MFError.badSecretReference(reference) }
        (self.source, name) = (source, reference)
        Self.wereNamed.store(true, ordering: .relaxed)
    }

    /// Whether there was a secret in this process; where there was none, nobody looks for one.
    static let wereNamed = Atomic(false)

    /// A text that was written for a secret option.
    init(text: String, of option: String) {
        (source, name) = (.text(text), option)
        Self.wereNamed.store(true, ordering: .relaxed)
    }

    /// What is shown in place of the text.
    var shown: String { "‹secret \(name.escapedToOneLine)›" }

    /// What the command has printed, or why not, while those that wait for it are served.
    var printed: Result<String, SecretSource.Unresolved>? {
        get { state.withLock { $0.printed } }
        set { state.withLock { $0.printed = newValue } }
    }

    private var grants: [Grant] { state.withLock { $0.grants } }

    /// Lets a holder use the text, for as long as it lives.
    func grant(_ text: String, to holder: any SecretHolder) {
        state.withLock { state in
            state.grants.removeAll { $0.holder == nil || $0.holder === holder }
            state.grants.append(Grant(holder: holder, text: text))
        }
    }

    /// The text, for a holder.
    ///
    /// - Throws: ``MFError`` with `PLUGIN-005` when it is in the options of others, or of nobody.
    func text(for holder: any SecretHolder) throws -> String {
        guard let grant = grants.first(where: { $0.holder === holder }) else {
            throw MFError.secretOfOthers(self, used: "plugin `\(holder.secretHolderName)`")
        }
        return grant.text
    }

    // MARK: - In Lua

    static let luaTypeName = "mf.Secret"
    var luaDescription: String { shown }
    func luaGet(_ key: LuaKey) -> LuaValue { .nil }

    static let luaMethods = [
        LuaCallable("reveal") { call in
            let secret = try call.object(0, as: Secret.self)
            // Of the versions of a plugin, whose code cannot always be told apart, the newest.
            guard let grant = secret.grants.last(where: { $0.holder?.isCalling(call.state) == true }) else {
                throw MFError.secretOfOthers(secret, used: nil)
            }
            return [.string(grant.text)]
        }
    ]
}

extension Secret: LuaTextObject {}

extension MFError {
    /// What is no reference to a secret; its text is not told, as it may be the secret itself.
    static func badSecretReference(_ reference: String) -> MFError {
        let prefix = reference.prefix { $0 != ":" }
        let meant = prefix.count <= 12 ? String(prefix).closestMatch(in: ["env", "file", "cmd"], limit: 8) : nil
        return .badArgument(
            1, of: "secret",
            "`env:NAME`, `file:PATH` or `cmd:COMMAND` expected"
                + (meant.map { " (did you mean `\($0):`?)" } ?? ""))
    }

    /// PLUGIN-005: a secret is used by somebody in whose options it is not.
    static func secretOfOthers(_ secret: Secret, used by: String?) -> MFError {
        MFError(
            .secretOfOthers, "\(secret.shown) is not in the options of \(by ?? "the code that uses it")",
            context: [("secret", secret.shown)],
            hint:
                "only the plugin in whose options a secret is may use it; give it to the other plugin in its own entry")
    }

    /// PLUGIN-003: secrets without a text.
    static func unresolved(
        _ secrets: [(path: String, secret: Secret, reason: String)], of thing: String, place: String?
    ) -> MFError {
        let texts = secrets.map { secret in
            (secret.path.isEmpty ? "" : "`\(secret.path)`: ") + "\(secret.secret.shown): \(secret.reason)"
        }
        return MFError(
            .secretUnresolved,
            (place.map { "\($0): " } ?? "") + "secrets of \(thing): \(texts.joined(separator: "; "))",
            context: [("option", secrets.first?.path)],
            hint: "nothing was attached; provide the secret, an empty text is never used in its place")
    }
}
