// A static release build has no module Testing, and needs none of this.
#if canImport(Testing)
    public import Diagnostics
    public import Testing

    /// Expects that a body throws an `MFError` of a code, and returns the error for closer looks.
    ///
    /// ```swift
    /// let error = expectMFError(.exposeNotFound) { try container.get("./button") }
    /// #expect(error?["host"] == "shell")
    /// ```
    @discardableResult
    public func expectMFError<T>(
        _ code: MFError.Code, sourceLocation: Testing.SourceLocation = #_sourceLocation, _ body: () throws -> T
    ) -> MFError? {
        do {
            _ = try body()
            return check(nil, code, sourceLocation)
        } catch {
            return check(error, code, sourceLocation)
        }
    }

    /// Expects that an asynchronous body throws an `MFError` of a code, and returns the error for closer looks.
    @discardableResult
    public func expectMFError<T>(
        _ code: MFError.Code, sourceLocation: Testing.SourceLocation = #_sourceLocation, _ body: () async throws -> T
    ) async -> MFError? {
        do {
            _ = try await body()
            return check(nil, code, sourceLocation)
        } catch {
            return check(error, code, sourceLocation)
        }
    }

    private func check(_ error: (any Error)?, _ code: MFError.Code, _ location: Testing.SourceLocation) -> MFError? {
        guard let error else {
            Issue.record("expected \(code), but nothing was thrown", sourceLocation: location)
            return nil
        }
        guard let error = error as? MFError else {
            Issue.record("expected \(code), got \(error)", sourceLocation: location)
            return nil
        }
        if error.code != code {
            Issue.record("expected \(code), got \(error.rendered())", sourceLocation: location)
        }
        return error
    }
#endif
