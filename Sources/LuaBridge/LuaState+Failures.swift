internal import CLuaShim
public import Diagnostics

extension LuaState {
    /// Throws the error of an operation that did not end well.
    @inline(__always)
    func check(_ status: Int32) throws {
        if status != Int32(MF_OK) { try fail(status) }
    }

    /// - Throws: `CancellationError` for what was stopped because its task is cancelled; else as ``failure(_:)`` says.
    @inline(never)
    func fail(_ status: Int32) throws -> Never {
        if status == Int32(MF_STOPPED) { throw CancellationError() }
        throw failure(status)
    }

    /// The error of an operation that did not end well.
    @inline(never)
    func failure(_ status: Int32) -> MFError {
        guard let handle else { return .stateClosed() }
        switch Int(status) {
        case MF_ERROR, MF_SYNTAX, MF_CONVERSION: break
        case MF_NESTING: return .callsTooDeep()
        case MF_THREADS: return .noWatchdog()
        case MF_TERMINATED: return violation(of: handle)
        default: return .outOfMemory()
        }
        var reader = LuaWireReader(self, mf_failure(handle))
        let value = reader.value()
        let message = reader.value().lossyString
        let code = reader.value()
        let traceback = reader.value()
        switch Int(status) {
        case MF_SYNTAX: return .luaSyntax(message)
        case MF_CONVERSION:
            return code.isNil ? MFError(.luaConversion, message) : .valueTooDeep(message, path: code.lossyString)
        default: break
        }
        if case .object(let object) = value, let thrown = object as? LuaErrorObject {
            var error = thrown.error
            if error.traceback == nil, !traceback.isNil { error.traceback = traceback.lossyString }
            return error
        }
        if var error = missingModule(in: value) {
            if !traceback.isNil { error.traceback = traceback.lossyString }
            return error
        }
        let error = MFError(
            .luaRuntime, message, context: [("code", code.isNil ? nil : code.lossyString)], thrown: value,
            traceback: traceback.isNil ? nil : traceback.lossyString)
        return raised?.completing(error) ?? error
    }
}

extension LuaState {
    /// The error behind a value that a script raised or handed over: the same ``MFError`` for its view, else `LUA-002`
    /// with the value's message.
    public func error(from value: LuaValue) -> MFError {
        if case .object(let object) = value, let error = object as? LuaErrorObject { return error.error }
        if let error = missingModule(in: value) { return error }
        var message = toString(value)
        if case .table(let table) = value, let text = (try? table.get("message"))?.stringValue { message = text }
        return MFError(.luaRuntime, message, thrown: value)
    }
}

extension LuaState {
    /// The error behind the text that `require` raised last.
    private func missingModule(in value: LuaValue) -> MFError? {
        guard let error = missingModule, value.stringValue == error.message else { return nil }
        return error
    }
}

extension LuaValue {
    /// A string, with what is not UTF-8 replaced; empty for everything else.
    var lossyString: String {
        switch self {
        case .string(let string): string
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        default: ""
        }
    }
}

extension MFError {
    /// A chunk does not compile. Lua's message begins with file and line.
    static func luaSyntax(_ message: String) -> MFError {
        let location = LuaLocation(prefixOf: message)
        return MFError(
            .luaSyntax, message, context: [("file", location?.file), ("line", location.map { "\($0.line)" })])
    }

    /// Nothing would stop a tenant's code.
    static func noWatchdog() -> MFError {
        MFError(
            .levelUnavailable, "the thread that watches tenants cannot be started",
            hint: "raise the limit on processes and threads (`ulimit -u`), or free some")
    }

    /// A state is over the limit that the C side numbers.
    @Sendable static func violation(_ reason: Int32) -> MFError {
        switch Int(reason) {
        case MF_VIOLATION_CPU: MFError(.limitCPU, "the CPU time is used up")
        case MF_VIOLATION_WALL: MFError(.limitWall, "it took too long")
        case MF_VIOLATION_TASKS: MFError(.limitTasks, "too many tasks")
        default: MFError(.limitMemory, "the memory is used up")
        }
    }
}

/// The place at the beginning of Lua's messages: `file.lua:12: what happened`.
struct LuaLocation {
    let file: String
    let line: Int

    init?(prefixOf message: String) {
        guard let range = message.firstRange(ofLineNumber: ()) else { return nil }
        file = String(message[..<range.lowerBound])
        line = Int(message[message.index(after: range.lowerBound)..<range.upperBound]) ?? 0
    }
}

extension String {
    /// From the colon before the first line number to the colon after it.
    fileprivate func firstRange(ofLineNumber: Void) -> Range<Index>? {
        var start = startIndex
        while let colon = self[start...].firstIndex(of: ":") {
            let digits = self[index(after: colon)...].prefix { $0.isASCII && $0.isNumber }
            if !digits.isEmpty, digits.endIndex < endIndex, self[digits.endIndex] == ":" {
                return colon..<digits.endIndex
            }
            start = index(after: colon)
        }
        return nil
    }
}

/// What is known of a Lua value that was raised, passed through Swift and was raised again: the value itself cannot carry
/// the hook and the plugin it came from.
///
/// It holds no reference: the value is recognised by its content or its identity.
struct RaisedValue {
    private enum Key: Equatable {
        case text(String)
        case identity(UInt)
    }

    private let key: Key
    private let context: [(String, String?)]
    private let traceback: String?

    /// Nothing for values that cannot be told from others.
    init?(_ value: LuaValue, _ error: MFError) {
        guard let key = RaisedValue.key(of: value) else { return nil }
        self.key = key
        context = error.context.map { ($0.key, $0.value) }
        traceback = error.traceback
    }

    /// The error of the same value with what is known of it; nothing for another value.
    func completing(_ error: MFError) -> MFError? {
        guard let value = error.thrown as? LuaValue, RaisedValue.key(of: value) == key, RaisedValue.isPassedOn(error)
        else {
            return nil
        }
        var error = error.adding(context: context)
        if let traceback { error.traceback = RaisedValue.joined(traceback, error.traceback) }
        return error
    }

    /// Whether a function of Swift raised the value, and not a script that happens to say the same.
    private static func isPassedOn(_ error: MFError) -> Bool {
        guard let frame = error.traceback?.split(separator: "\n").dropFirst().first else { return false }
        return frame.drop { $0 == "\t" }.hasPrefix("[C]: in ")
            && !["'error'", "'assert'"].contains(where: frame.hasSuffix)
    }

    /// The way from where the value was raised first to where it was raised again.
    private static func joined(_ inner: String, _ outer: String?) -> String {
        guard let outer, !inner.hasSuffix(outer) else { return inner }
        return inner + "\n" + outer.split(separator: "\n").dropFirst().joined(separator: "\n")
    }

    private static func key(of value: LuaValue) -> Key? {
        switch value {
        case .string(let text): .text(text)
        case .table(let table): .identity(table.identity)
        default: nil
        }
    }
}
