import Diagnostics
import LuaBridge
import Synchronization

/// The shapes of arguments that go to tenants, one a hook.
private let shapes = Mutex<[String: LuaShape]>([:])

/// A tenant's listener of a hook: what it is shown, and which of its results come through.
///
/// Where the tenant may change nothing, the load goes on as if the listener had returned nothing, whatever it did.
final class TenantListener<A: Sendable>: @unchecked Sendable {
    // Constants; `border` and `plugin` are asked in an emission, on the loop of the host whose hook it is.
    let hook: String
    let border: TenantBorder
    private let kind: LuaEmission.Kind
    private let tenancy: HookTenancy
    private let fields: [HookField<A>]
    private let subject: @Sendable (A) -> HookSubject
    private let shape: LuaShape
    private let plugin: TenantPlugin

    init(_ list: TapList<A>, _ plugin: TenantPlugin, _ border: TenantBorder) {
        (hook, kind) = (list.hook, list.kind.emission)
        (tenancy, subject) = (list.definition.tenancy, list.definition.subject)
        (self.plugin, self.border) = (plugin, border)
        let fields = list.definition.fields.filter { $0.sees != .hidden || $0.changes != .none }
        self.fields = fields
        shape = shapes.withLock { [hook] shapes in
            if let known = shapes[hook] { return known }
            let shape = LuaShape(fields.map(\.name))
            shapes[hook] = shape
            return shape
        }
    }

    private func isCalled(for subject: HookSubject) -> Bool {
        tenancy == .ownOnly ? border.owns(subject) : border.hears(subject)
    }

    /// Whether a failure in a call with these arguments fails the step.
    func failsClosed(_ arguments: A) -> Bool {
        let subject = subject(arguments)
        return isCalled(for: subject) && border.failsClosed(for: subject)
    }

    private func values(of arguments: A, _ subject: HookSubject) -> [LuaValue] {
        fields.map { border.show($0, of: arguments, subject) }
    }

    // MARK: - Calling

    func outcome(of arguments: A) throws -> LuaValue {
        let subject = subject(arguments)
        guard isCalled(for: subject) else { return .nil }
        do {
            let values = values(of: arguments, subject)
            let result = try border.principal.timed { try plugin.emit(kind, hook: hook, shape, values) }
            return try accepted(result, of: arguments, subject)
        } catch {
            try border.failed(error, in: hook, subject)
            throw PassedFailure(cause: error is LoadTime.Up ? nil : error)
        }
    }

    func outcomeAsync(of arguments: A) async throws -> LuaValue {
        let subject = subject(arguments)
        guard isCalled(for: subject) else { return .nil }
        do {
            let result = try await plugin.emitAsync(kind, hook: hook, shape, values(of: arguments, subject))
            return try accepted(result, of: arguments, subject)
        } catch {
            try border.failed(error, in: hook, subject)
            throw PassedFailure(cause: error is LoadTime.Up ? nil : error)
        }
    }

    func changed(_ arguments: A) throws -> A {
        let subject = subject(arguments)
        guard isCalled(for: subject) else { return arguments }
        do {
            let values = values(of: arguments, subject)
            let result = try border.principal.timed { try plugin.emit(kind, hook: hook, shape, values) }
            return try taken(result, values, of: arguments, subject)
        } catch {
            try border.failed(error, in: hook, subject)
            throw PassedFailure(cause: error is LoadTime.Up ? nil : error)
        }
    }

    func changedAsync(_ arguments: A) async throws -> A {
        let subject = subject(arguments)
        guard isCalled(for: subject) else { return arguments }
        do {
            let values = values(of: arguments, subject)
            let result = try await plugin.emitAsync(kind, hook: hook, shape, values)
            return try taken(result, values, of: arguments, subject)
        } catch {
            try border.failed(error, in: hook, subject)
            throw PassedFailure(cause: error is LoadTime.Up ? nil : error)
        }
    }

    // MARK: - Results

    /// The result of a hook that is no waterfall, where it counts.
    private func accepted(_ result: LuaEmission.Result, of arguments: A, _ subject: HookSubject) throws -> LuaValue {
        let value: LuaValue = result.aborted ? .boolean(false) : result.outcomeIsData ? .nil : result.outcome
        guard !value.isNil else { return .nil }
        guard let accepted = try border.accept(value, tenancy, arguments, subject) else {
            border.drop("returned a \(value.luaTypeName)", of: hook, subject)
            return .nil
        }
        return accepted
    }

    /// The arguments with what the listener has changed, where all of it counts; else as they were.
    private func taken(
        _ result: LuaEmission.Result, _ shown: [LuaValue], of arguments: A, _ subject: HookSubject
    ) throws -> A {
        guard result.hasChanges else { return arguments }
        var changed = arguments
        for (index, field) in fields.enumerated() where field.changes != .none && result.fields.indices.contains(index)
        {
            let value = result.fields[index]
            guard let set = field.set, value != shown[index] else { continue }
            do {
                switch try border.change(field.changes, field.name, to: value, of: arguments, subject) {
                case .replaced(let value): try set(&changed, value)
                case .done: continue
                case .refused:
                    border.drop("changed `\(field.name)`", of: hook, subject)
                    return arguments
                }
            } catch let error as MFError {
                throw MFError.badHookField(field.name, hook: hook, cause: error)
            }
        }
        let target = self.subject(changed)
        guard border.isSame(subject, target) || border.mayChange(subject) && border.mayChange(target) else {
            border.drop("redirected the request", of: hook, border.mayChange(subject) ? target : subject)
            return arguments
        }
        return changed
    }
}
