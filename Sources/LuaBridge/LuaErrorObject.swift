public import Diagnostics

/// An ``MFError`` as Lua sees it: `err.code`, `err.message`, `err.hint`, `err.cause`, `err.traceback`, `err.context`.
///
/// `tostring(err)` is the message. Raised again and caught by Swift, the same error comes out.
public final class LuaErrorObject: LuaObject {
    /// The error.
    public let error: MFError

    /// What led to it: the same object each time it is asked for.
    private let cause: LuaErrorObject?

    /// Makes the Lua face of an error.
    public convenience init(_ error: MFError) { self.init(error, depth: 0) }

    /// How many causes are told.
    private static let deepest = 64

    private init(_ error: MFError, depth: Int) {
        self.error = error
        cause =
            depth < Self.deepest
            ? error.causeForLua.map { LuaErrorObject($0, depth: depth + 1) } : nil
    }

    /// `mf.Error`.
    public static let luaTypeName = "mf.Error"

    /// Reads one of the fields.
    public func luaGet(_ key: LuaKey) -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "code": return .string(error.code.rawValue)
        case "message": return .string(error.message)
        case "hint": return error.hint.map(LuaValue.string) ?? .nil
        case "cause": return cause.map { .object($0) } ?? .nil
        case "traceback": return error.traceback.map(LuaValue.string) ?? .nil
        case "context": return .record(LuaRecord(error.context.map { ($0.key, .string($0.value)) }))
        default: return .nil
        }
    }

    /// The fields that have a value.
    public var luaKeys: [LuaKey] {
        ["code", "message", "hint", "cause", "traceback", "context"].filter { !luaGet($0).isNil }
    }

    /// The message.
    public var luaDescription: String { error.message }
}

extension MFError {
    /// What led to the error, as an error of its own. What is no ``MFError`` is the end of the chain.
    fileprivate var causeForLua: MFError? {
        guard let cause else { return nil }
        if let cause = cause as? MFError { return cause }
        if cause is CancellationError { return code == .fetchCancelled ? nil : .cancelled() }
        let text = "\(cause)"
        return text == message ? nil : MFError(.luaRuntime, text)
    }

    /// The error itself, or one that tells of an error of another type.
    static func wrapping(_ error: any Error) -> MFError {
        if let error = error as? MFError { return error }
        if error is CancellationError { return .cancelled() }
        return MFError(.luaRuntime, "\(error)", cause: error)
    }
}

extension MFError {
    /// The same error as a tenant may keep it: what it quotes of the tenant's own is cut off.
    fileprivate var shortened: MFError {
        let limit = 1000
        func cut(_ text: String) -> String {
            text.utf8.count <= limit ? text : String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…"
        }
        let texts = [message, hint ?? "", traceback ?? ""] + context.map(\.value)
        let cause = (cause as? MFError)?.shortened
        guard texts.contains(where: { $0.utf8.count > limit }) || cause != nil else { return self }
        return MFError(
            code, cut(message), context: context.map { ($0.key, cut($0.value)) }, hint: hint.map(cut), cause: cause,
            thrown: thrown, traceback: traceback.map(cut), fileID: location.fileID, line: location.line)
    }
}

extension LuaValue {
    /// An error as a value for Lua: the very value that a script raised, if it was one of this state; else an
    /// ``LuaErrorObject``.
    public static func error(_ error: any Error, in state: LuaState? = nil) -> LuaValue {
        var error = MFError.wrapping(error)
        if state?.isTenant == true { error = error.shortened }
        guard let thrown = error.thrown as? LuaValue, thrown.mayCross(into: state) else {
            return .object(LuaErrorObject(error))
        }
        state?.raised = RaisedValue(thrown, error)
        return thrown
    }

    private func mayCross(into state: LuaState?) -> Bool {
        switch self {
        case .table(let table): table.state === state
        case .function(let function): function.state === state
        case .userdata(let reference): reference.state === state
        default: true
        }
    }
}
