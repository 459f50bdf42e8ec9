import Diagnostics
import EventLoops
import Fetch
import LuaBridge

extension MFError {
    /// No remote matches a request.
    static func remoteNotFound(_ request: String, host: HostOptions) -> MFError {
        let names = host.remotes.elements.flatMap { [$0.name] + ($0.alias.map { [$0] } ?? []) }
        let first = request.split(separator: "/").first.map(String.init) ?? request
        let hint =
            names.isEmpty
            ? "register a remote: `remotes = { { name = \"\(first)\", entry = \"http://…/mf-manifest.json\" } }`"
            : first.closestMatch(in: names).map { "did you mean `\($0)`?" }
                ?? "the host knows \(names.prefix(8).map { "`\($0)`" }.joined(separator: ", "))"
        return MFError(
            .remoteNotFound, "no remote of host `\(host.name)` matches `\(request)`",
            context: [("host", host.name), ("request", request)], hint: hint)
    }

    /// A listener of `afterResolve` left no remote or no expose.
    static func unresolved(_ request: String) -> MFError {
        MFError(
            .badHookValue,
            "the listeners of `beforeRequest` and `afterResolve` left no `remote` or no `expose` for `\(request)`",
            context: [("request", request)], hint: "return the arguments with `remote` and `expose` in place")
    }

    /// An alias is the beginning of another remote's name or alias, or the other way round.
    static func aliasRefused(_ alias: String, of name: String, other: String) -> MFError {
        MFError(
            .remoteInvalid,
            "the alias `\(alias)` of remote `\(name)` is ambiguous: one of it and `\(other)` is a prefix of the other",
            context: [("alias", alias), ("remote", name), ("other", other)],
            hint: "choose an alias that is neither a prefix nor an extension of another remote's name or alias")
    }

    /// A container without `init`.
    static func containerWithoutInit(_ remote: ResolvedRemote, host: String) -> MFError {
        MFError(
            .containerWithoutInit, "the container of remote `\(remote.name)` has no function `init`",
            context: [("host", host), ("remote", remote.name), ("entry", remote.entry)],
            hint: "let the entry return `{ init = function(shareScope) end, get = function(expose) … end }`")
    }

    /// `container.init` raised.
    static func initFailed(_ remote: ResolvedRemote, host: String, cause: any Error) -> MFError {
        if let cause = cause as? MFError, cause.isOfEndlessLoad { return cause }
        return MFError(
            .initAlreadyDone, "the container of remote `\(remote.name)` failed to initialize: \(text(of: cause))",
            context: [("host", host), ("remote", remote.name), ("entry", remote.entry)],
            hint: "the cause below was raised by the container's `init`", cause: cause)
    }

    /// `container.get` returned nothing.
    static func exposeNotFound(
        _ expose: String, remote: ResolvedRemote, request: String, host: String, snapshot: Snapshot?
    ) -> MFError {
        let known = snapshot?.moduleNames ?? []
        let wanted = expose.hasPrefix("./") ? String(expose.dropFirst(2)) : expose
        let close = wanted.closestMatch(in: known)
        let listed = known.prefix(8).map { "`./\($0)`" }.joined(separator: ", ")
        return MFError(
            .exposeNotFound, "remote `\(remote.name)` does not expose `\(expose)`",
            context: [("host", host), ("request", request), ("entry", remote.entry)],
            hint: close.map { "did you mean `./\($0)`? it exposes \(listed)" }
                ?? (known.isEmpty
                    ? "the remote's `get` decides what it exposes; see its entry in the context above"
                    : "it exposes \(listed)"))
    }

    /// What `container.get` returned is no function.
    static func factoryNotFunction(_ found: LuaValue, expose: String, remote: ResolvedRemote) -> MFError {
        MFError(
            .getExposeUndefined,
            "`get(\"\(expose)\")` of remote `\(remote.name)` returned a \(found.luaTypeName), not a function",
            context: [("entry", remote.entry)], hint: "return a factory: `function() return module end`")
    }

    /// The message of any error.
    static func text(of error: any Error) -> String { (error as? MFError)?.message ?? String(describing: error) }

    /// A remote entry could not be fetched, compiled or run.
    static func entryLoadFailed(_ remote: ResolvedRemote, url: String, cause: any Error) -> MFError {
        if let cause = cause as? MFError, cause.isOfEndlessLoad { return cause }
        return MFError(
            .entryLoadFailed, "the entry of remote `\(remote.name)` could not be loaded: \(text(of: cause))",
            context: [("remote", remote.name), ("entry", URLParts.redacted(url))],
            hint: (cause as? MFError)?.hint ?? "see the cause below; the next load retries", cause: cause)
    }

    /// A remote entry ran and returned no container.
    static func entryExportsNothing(_ remote: ResolvedRemote, url: String, found: String = "nothing") -> MFError {
        MFError(
            .entryExportsNothing, "the entry of remote `\(remote.name)` returned \(found), not a container",
            context: [("remote", remote.name), ("entry", URLParts.redacted(url))],
            hint: "let the entry end with `return { init = function(shareScope) end, get = function(expose) … end }`")
    }

    /// An entry that is plainly something else than Lua.
    static func entryNotLua(_ url: String, found: String, cause: MFError) -> MFError {
        MFError(
            .luaSyntax, "`\(URLParts.redacted(url))` is \(found), not Lua",
            context: [("entry", URLParts.redacted(url))],
            hint:
                "the remote was built for another runtime: point `entry` at a manifest whose `remoteEntry` is a Lua file",
            cause: cause)
    }
}
