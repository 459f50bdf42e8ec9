import Diagnostics
import LuaBridge
import Synchronization

/// What a tenant's plugin declares, held against its options in the host: the tenant's code runs in between.
///
/// The declaration comes as data. After a violation the plugin is loaded once more, with the options that it had.
final class TenantDeclaration: Sendable {
    private struct State {
        var values: LuaRecord?
        var schema: OptionSchema?
        var failure: MFError?
        var name = ""
    }

    private let options: LuaValue
    private let text: SourceText
    private let holder: any SecretHolder
    private let place: @Sendable () -> String?
    private let preparation: OptionsPreparation
    private let onDeclared: @Sendable (PluginDeclaration) throws -> Void
    private let state = Mutex(State())

    init(
        options: LuaValue, text: SourceText, holder: any SecretHolder, place: @escaping @Sendable () -> String?,
        preparation: OptionsPreparation, onDeclared: @escaping @Sendable (PluginDeclaration) throws -> Void
    ) {
        (self.options, self.text, self.holder) = (options, text, holder)
        (self.place, self.preparation, self.onDeclared) = (place, preparation, onDeclared)
    }

    /// What the plugin declares, once it was loaded.
    var schema: OptionSchema? { state.withLock { $0.schema } }
    /// What is wrong with the declaration or the options.
    var failure: MFError? { state.withLock { $0.failure } }

    /// The function that the tenant's loader calls: with the declaration, for the options; then with what `check` of the
    /// plugin has found. It answers nothing where the plugin cannot be made.
    var callable: LuaCallable {
        LuaCallable("prepare") { [self] call in
            do {
                if call.count > 1 { return [.boolean(try isAccepted(call[1]))] }
                return [.record(try values(call[0]))]
            } catch let error as MFError {
                state.withLock { $0.failure = error }
                return [.nil]
            }
        }
    }

    private func values(_ given: LuaValue) throws -> LuaRecord {
        if let values = state.withLock({ $0.values }) { return values }
        let entries = try (given.field("data").luaEntries() ?? []).map { ($0.key, $0.value) }
        let functions = try (given.field("functions").luaElements() ?? []).map { name in
            (name, LuaValue.callable(LuaCallable("tenant") { _ in [] }))
        }
        // One that needs another version of mflua waits for it, and keeps nobody else from being attached.
        let declaration = try PluginDeclaration(
            entries + functions, writtenIn: text, hooks: Lifecycle.table.names, entry: PluginPlacement(requires: [:]))
        try onDeclared(declaration)
        let options = PluginDraft.Options(
            given: options, schema: declaration.schema, name: declaration.name, place: place)
        let values = try preparation.prepare(options, check: nil, holder: holder)
        guard case .record(let plain) = try preparation.plain(.record(values), of: holder) else { return values }
        state.withLock { ($0.values, $0.schema, $0.name) = (plain, declaration.schema, declaration.name) }
        return plain
    }

    private func isAccepted(_ answer: LuaValue) throws -> Bool {
        if answer.isNil { return true }
        let name = state.withLock { $0.name }
        let faults = try answer.stringValue.map { [$0] } ?? (answer.luaElements() ?? []).compactMap(\.stringValue)
        throw faults.isEmpty
            ? MFError.badCheck("returned \(answer.shownOption)", of: name, nil, cause: nil)
            : MFError.badPluginOptions(faults.map(\.escapedToOneLine), of: name, place: place())
    }
}
