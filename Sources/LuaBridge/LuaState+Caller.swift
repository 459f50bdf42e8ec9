internal import CLuaShim

/// The Lua function that calls Swift.
public struct LuaCaller: Sendable, Equatable {
    /// The name of its chunk: `@plugins/slack-plugin.lua` for a file.
    public let chunk: String
    /// The line that is run.
    public let line: Int
    fileprivate let environment: UInt64

    /// `plugins/slack-plugin.lua:12`; nil for chunks that are no files.
    public var place: String? { file.map { "\($0):\(line)" } }

    /// The file that the chunk was read from.
    public var file: String? { chunk.hasPrefix("@") ? String(chunk.dropFirst()) : nil }

    /// Whether its globals are those of an environment; nil where it uses none.
    public func runs(in environment: LuaEnvironmentID) -> Bool? {
        self.environment == 0 ? nil : self.environment == environment.identity
    }
}

/// Which table of globals a piece of code has. It keeps nothing alive.
public struct LuaEnvironmentID: Sendable, Equatable {
    fileprivate let identity: UInt64

    /// Names a table of globals.
    public init(_ table: LuaTable) { identity = UInt64(table.identity) }
}

extension LuaState {
    /// Whether a function is among the innermost 32 that run right now. On the loop, inside of a callable.
    ///
    /// - Parameter waiting: Whether the callable is one that waits, and has not waited yet.
    public func isCalling(_ function: LuaFunction, waiting: Bool) -> Bool {
        guard function.state === self, let handle = open() else { return false }
        return mf_is_calling(handle, UInt64(function.identity), waiting)
    }

    /// The innermost Lua function that runs right now; nil where none does. On the loop, inside of a callable.
    ///
    /// - Parameter waiting: Whether the callable is one that waits, and has not waited yet.
    public func caller(waiting: Bool = false) -> LuaCaller? {
        guard let handle = open() else { return nil }
        var (line, environment) = (Int32(0), UInt64(0))
        guard let source = mf_caller(handle, waiting, &line, &environment) else { return nil }
        return LuaCaller(chunk: String(cString: source), line: Int(line), environment: environment)
    }
}
