/// The one error of mflua: every failure that leaves a target is of this type.
///
/// An error says what happened (``message``), to which things (``context``), why (``cause``) and what to try next
/// (``hint``). Its ``code`` is stable and is what programs look at:
///
/// ```swift
/// do {
///     _ = try await host.loadRemote("app2/button")
/// } catch MFError.Code.exposeNotFound {
///     …
/// }
/// ```
///
/// Errors are made by named factories, declared as extensions beside the code that throws them.
public struct MFError: Error, Sendable {
    /// What went wrong, as a stable identifier.
    public let code: Code

    /// What went wrong, in one line: lower case, names in backticks, no full stop, neither code nor hint.
    public let message: String

    /// The things involved, in the order they are shown. Credentials never get here.
    public let context: [(key: String, value: String)]

    /// What led to this error, usually another `MFError`.
    public let cause: (any Error)?

    /// One next step.
    public let hint: String?

    /// Where in mflua's own source the error was made.
    public let location: SourceLocation

    /// The Lua traceback, when the error passed through Lua.
    public var traceback: String?

    /// The Lua value that was raised, when a script raised it. Set and read by the bridge.
    public var thrown: (any Sendable)?

    /// A place in mflua's own source.
    public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
        /// The file, as `#fileID` gives it.
        public let fileID: String
        /// The line, counted from 1.
        public let line: Int

        /// `Module/File.swift:12`.
        public var description: String { "\(fileID):\(line)" }
    }

    /// Makes an error. Context values that are nil are left out.
    public init(
        _ code: Code, _ message: String, context: [(String, String?)] = [], hint: String? = nil,
        cause: (any Error)? = nil, thrown: (any Sendable)? = nil, traceback: String? = nil,
        fileID: String = #fileID, line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.context = context.compactMap { key, value in value.map { (key, $0) } }
        self.cause = cause
        self.hint = hint
        self.location = SourceLocation(fileID: fileID, line: line)
        self.traceback = traceback
        self.thrown = thrown
    }

    /// The first value in ``context`` under a key.
    public subscript(_ key: String) -> String? {
        context.first { $0.key == key }?.value
    }

    /// The same error with more context; keys it already has keep their value.
    public func adding(context more: [(String, String?)]) -> MFError {
        let new = more.filter { entry in !context.contains { $0.key == entry.0 } }
        return replacing(context: context.map { ($0.key, Optional($0.value)) } + new, hint: hint)
    }

    /// The same error without what its context says under a key.
    public func removing(context key: String) -> MFError {
        replacing(context: context.filter { $0.key != key }.map { ($0.key, Optional($0.value)) }, hint: hint)
    }

    /// The same error with another hint.
    public func replacing(hint: String?) -> MFError {
        replacing(context: context.map { ($0.key, Optional($0.value)) }, hint: hint)
    }

    private func replacing(context: [(String, String?)], hint: String?) -> MFError {
        MFError(
            code, message, context: context, hint: hint, cause: cause, thrown: thrown, traceback: traceback,
            fileID: location.fileID, line: location.line)
    }
}

extension MFError {
    /// A stable identifier such as `RUNTIME-004`. ``all`` lists those that mflua uses; plugins may make their own.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The identifier as users see it.
        public let rawValue: String

        /// Makes a code from its identifier.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Makes a code from its identifier.
        public init(_ rawValue: String) { self.rawValue = rawValue }

        /// The identifier.
        public var description: String { rawValue }
    }
}

/// Lets `catch MFError.Code.exposeNotFound` match errors by their code.
public func ~= (code: MFError.Code, error: any Error) -> Bool {
    (error as? MFError)?.code == code
}
