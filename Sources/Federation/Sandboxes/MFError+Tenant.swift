import Diagnostics
import LuaBridge

extension MFError {
    static func unknownTenant(_ name: String, known: [String]) -> MFError {
        let close = name.closestMatch(in: known)
        return MFError(
            .capabilityMissing, "tenant `\(name)` is not declared", context: [("tenant", name)],
            hint: close.map { "did you mean `\($0)`?" } ?? "list it in the host's `tenants`")
    }

    /// A remote or a plugin names a tenant that the host does not declare.
    static func undeclaredTenant(_ name: String, known: [String]) -> MFError {
        let close = name.closestMatch(in: known).map { " (did you mean `\($0)`?)" } ?? ""
        return MFError(
            .invalidOptions, "no tenant `\(name)` is declared\(close)", context: [("tenant", name)],
            hint: "list it in the host's `tenants`")
    }

    static func badTenantName(_ name: String) -> MFError {
        MFError(
            .invalidOptions,
            name.isEmpty
                ? "the name of a tenant is empty"
                : name.utf8.count > 128
                    ? "the name of a tenant is longer than 128 bytes"
                    : "the name of a tenant contains one of `/ , : * !` or a control character",
            context: [("tenant", name)],
            hint: "names stand in patterns and before plugins, as in `acme/my-plugin`: use letters, digits and `-`")
    }

    static func tenantSuspended(_ name: String, for remaining: Duration) -> MFError {
        MFError(
            .tenantSuspended, "tenant `\(name)` is suspended",
            context: [("tenant", name), ("remaining", "\(remaining.milliseconds)ms")],
            hint: "it exceeded its limits too often; it runs again when the suspension ends")
    }

    static func tenantClosed(_ name: String) -> MFError {
        MFError(.stateClosed, "tenant `\(name)` is closed", context: [("tenant", name)])
    }

    /// A function, or a plugin, of an instance that is gone.
    static func tenantReplaced(_ name: String) -> MFError {
        MFError(
            .stateClosed, "the instance of tenant `\(name)` that created this function no longer exists",
            context: [("tenant", name)],
            hint: "an instance that exceeds a limit is replaced by a new one; load the module again")
    }

    static func messageTooLarge(_ size: Int, limit: Int) -> MFError {
        MFError(
            .limitMessageSize, "a value of more than \(limit) bytes cannot cross the tenant's border",
            context: [("limit", "\(limit)")], hint: "pass less at a time, or raise the tenant's `message` limit")
    }

    static func cannotCross(_ kind: String) -> MFError {
        MFError(
            .luaConversion, "a \(kind) cannot cross a tenant's border",
            hint: "plain values cross by copy, functions as proxies")
    }

    static func tenantMayNot(_ tenant: String, _ what: String, hint: String) -> MFError {
        MFError(.capabilityMissing, "tenant `\(tenant)` may not \(what)", context: [("tenant", tenant)], hint: hint)
    }

    /// A tenant asks its host for a remote that is not its own.
    static func foreignRemote(_ id: String, tenant: String) -> MFError {
        tenantMayNot(
            tenant, "load `\(id)`", hint: "a tenant can only load remotes that name it as their `tenant`")
    }

    /// The same error with the tenant's name.
    func inTenant(_ name: String) -> MFError { adding(context: [("tenant", name)]) }
}

extension MFError {
    /// A function of an instance that is no more.
    static func stateGone() -> MFError {
        MFError(.stateClosed, "the function's tenant instance no longer exists", hint: "load the module again")
    }

    static func tenantCannotWait(_ function: String) -> MFError {
        MFError(
            .cannotWait, "`\(function)` cannot wait here", context: [("function", function)],
            hint: "call it outside of sync hooks, comparators of `table.sort` and callbacks of `string.gsub`")
    }

    /// The error of a raised value: messages and error tables become errors with a code, other values are carried along.
    func telling(_ value: LuaValue) -> MFError {
        var error = self
        error.thrown = nil
        switch value {
        case .string, .bytes, .nil: return error
        case .record(let record):
            guard let message = record["message"].stringValue else { break }
            let code = record["code"].stringValue.map { MFError.Code($0) } ?? code
            return MFError(code, message, hint: record["hint"].stringValue, traceback: traceback)
        default: break
        }
        error.thrown = value
        return error
    }

    /// The error as a tenant may see it: without the host's traceback and causes.
    func withoutInsides() -> MFError { MFError(code, message, context: [], hint: hint) }
}

// MARK: - Workers

extension MFError {
    static func workerEnded() -> MFError {
        MFError(.workerDied, "the tenant's worker died", hint: "the next call starts a new one")
    }

    static func workerSilent() -> MFError {
        MFError(
            .limitWall, "the tenant's worker did not answer in time",
            hint: "the worker was killed; the next call starts a new one")
    }

    static func workerAsksTooMuch(_ limit: Int) -> MFError {
        MFError(
            .limitTasks, "the tenant's worker has more than \(limit) requests in progress",
            context: [("limit", "\(limit)")], hint: "the worker was killed; the next call starts a new one")
    }

    static func workerFloods() -> MFError {
        MFError(
            .limitMessageSize, "the tenant's worker sends too much",
            hint: "the worker was killed; the next call starts a new one")
    }
}
