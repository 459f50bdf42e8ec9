import Diagnostics
import EventLoops
import LuaBridge
import Synchronization

/// The secrets of a runtime, by reference: one reference is one secret, however often it is written.
final class SecretStore: Sendable {
    private let secrets = Mutex<[String: Secret]>([:])
    /// Finds the file of a relative path.
    private let locate: @Sendable (String) -> String

    init(locate: @escaping @Sendable (String) -> String) { self.locate = locate }

    /// The secret of a reference.
    ///
    /// - Throws: ``MFError`` with `LUA-009` for what is no reference.
    func secret(_ reference: String) throws -> Secret {
        if let known = secrets.withLock({ $0[reference] }) { return known }
        let secret = try Secret(reference: reference)
        secrets.withLock { $0[reference] = secret }
        return secret
    }

    /// The text of a secret as it is now. A command that ``run(_:)`` has not run holds up the loop meanwhile.
    func text(of secret: Secret) throws(SecretSource.Unresolved) -> String {
        guard case .command(let words) = secret.source else { return try secret.source.read(locate: locate) }
        if let printed = secret.printed { return try printed.get() }
        return try Self.checked { () throws(CommandFailure) in
            try outputWithoutLoop(of: words, within: SecretSource.timeLimit, upTo: SecretSource.longest)
        }
    }

    /// The text of a secret as it is now; the loop goes on while a command runs.
    func text(of secret: Secret, on loop: EventLoop) async throws(SecretSource.Unresolved) -> String {
        guard case .command(let words) = secret.source else { return try secret.source.read(locate: locate) }
        let bytes: [UInt8]
        do {
            bytes = try await loop.output(of: words, within: SecretSource.timeLimit, upTo: SecretSource.longest)
        } catch { throw SecretSource.Unresolved(error.reason) }
        return try SecretSource.checked(bytes, trimming: true)
    }

    private static func checked(
        _ output: () throws(CommandFailure) -> [UInt8]
    ) throws(SecretSource.Unresolved) -> String {
        let bytes: [UInt8]
        do { bytes = try output() } catch { throw SecretSource.Unresolved(error.reason) }
        return try SecretSource.checked(bytes, trimming: true)
    }

    /// Runs the commands of secrets side by side, and then what needs their texts.
    ///
    /// - Throws: What the body throws; `CancellationError` when the task is cancelled, which ends the commands.
    func afterCommands<T>(of secrets: [Secret], on loop: EventLoop, _ body: () throws -> T) async throws -> T {
        let runs = secrets.map { secret in
            loop.start { [self] in
                do {
                    return Result<String, SecretSource.Unresolved>.success(try await text(of: secret, on: loop))
                } catch let error as SecretSource.Unresolved { return .failure(error) }
            }
        }
        defer { for secret in secrets { secret.printed = nil } }
        try await withTaskCancellationHandler {
            for (secret, run) in zip(secrets, runs) { secret.printed = try await run.value }
        } onCancel: {
            for run in runs { run.cancel() }
        }
        if !secrets.isEmpty { try Task.checkCancellation() }
        return try body()
    }
}

extension Secret {
    /// The secrets inside of a value whose text a command prints.
    static func commands(in value: LuaValue) -> [Secret] {
        var seen: Set<ObjectIdentifier> = []
        return all(in: value).map(\.secret).filter { secret in
            if case .command = secret.source { seen.insert(ObjectIdentifier(secret)).inserted } else { false }
        }
    }

    /// The secrets inside of a value, with the paths that lead to them.
    static func all(in value: LuaValue) -> [(path: String, secret: Secret)] {
        // Where nobody has named a secret, nothing is looked into.
        guard wereNamed.load(ordering: .relaxed) else { return [] }
        var walk = SecretWalk()
        walk.visit(value, path: "", depth: 0)
        return walk.found.sorted { $0.path < $1.path }
    }
}

/// Something whose options are not its keys in Lua.
protocol SecretContainer: LuaObject {
    /// The options, in which there may be secrets.
    var contentWithSecrets: LuaValue { get }
}

/// Looks for secrets in tables of any shape, also in such that contain themselves.
private struct SecretWalk {
    var found: [(path: String, secret: Secret)] = []
    private var left = 10_000

    mutating func visit(_ value: LuaValue, path: String, depth: Int) {
        if case .object(let object) = value {
            if let secret = object as? Secret { found.append((path, secret)) }
            if let container = object as? any SecretContainer {
                visit(container.contentWithSecrets, path: path, depth: depth + 1)
            }
            return
        }
        guard depth < 16, left > 0, value.luaTypeName == "table" else { return }
        for (key, value) in (try? value.luaEntries()) ?? [] {
            left -= 1
            switch value {
            case .object, .table, .array, .record: break
            default: continue
            }
            let step = key.stringValue.map { path.isEmpty ? $0 : ".\($0)" } ?? "[\(key)]"
            visit(value, path: path + step, depth: depth + 1)
        }
    }
}
