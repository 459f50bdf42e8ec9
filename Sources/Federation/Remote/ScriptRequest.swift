import Diagnostics
import Fetch
import LuaBridge

/// How an entry or an asset is requested: what `createScript` and `createLink` may change.
struct ScriptRequest: Sendable {
    var url: String
    var method = "GET"
    var headers: [(String, String)] = []
    /// The total deadline.
    var timeout: Duration?
    var maxBytes: Int?
    /// The source itself: nothing is fetched.
    var source: [UInt8]?
    /// The tenant whose plugin has made the request: it is made, and what it gives is run, as that tenant.
    var givenBy: String?

    init(url: String) { self.url = url }

    func fetchRequest() -> FetchRequest {
        var request = FetchRequest(url: url)
        request.method = method
        request.headers = headers
        if let timeout { request.timeout = timeout }
        if let maxBytes { request.maxBytes = maxBytes }
        return request
    }

    /// Applies what a listener returned: a request, `{script, timeout}`, or the source.
    mutating func apply(_ value: LuaValue, hook: String) throws {
        if let source = value.bytesValue {
            self.source = source
            return
        }
        guard value.isTruthy else { return }
        guard value.luaTypeName == "table" else { throw MFError.badScriptRequest(value, hook: hook) }
        for (key, value) in try value.entries(expecting: "a request") {
            switch key {
            case .string("url"): url = try String.fromLua(value)
            case .string("method"): method = try String.fromLua(value)
            case .string("headers"):
                headers = try value.entries(expecting: "a table of headers").map {
                    (try String.fromLua($0.0), try String.fromLua($0.1))
                }
            case .string("timeout"):
                guard let time = value.milliseconds else {
                    throw MFError.wrongType(expected: "a positive number of milliseconds as `timeout`", found: value)
                }
                timeout = time
            case .string("maxBytes"):
                guard let count = value.intValue, count > 0 else {
                    throw MFError.wrongType(expected: "a positive integer as `maxBytes`", found: value)
                }
                maxBytes = count
            case .string("script"), .string("link"): try apply(value, hook: hook)
            default: break
            }
        }
    }
}

extension Host {
    /// Lets the listeners of createScript or createLink change how a URL is requested.
    func request(
        _ url: String, asking hook: SyncHook<CreateScript>, _ attributes: LuaRecord, remoteInfo: ResolvedRemote?,
        context: ResourceContext?
    ) throws -> ScriptRequest {
        var request = ScriptRequest(url: url)
        let result = try hooks.emit(
            hook, CreateScript(url: url, attributes: attributes, remoteInfo: remoteInfo, resourceContext: context)
        ).given
        request.givenBy = result.tenant
        try request.apply(result.value, hook: hook.name)
        return request
    }
}

extension MFError {
    /// A listener of `createScript` returned something that is no request.
    static func badScriptRequest(_ value: LuaValue, hook: String) -> MFError {
        MFError(
            .badHookValue, "a listener of `\(hook)` returned a \(value.luaTypeName), which is no request",
            context: [("hook", hook)],
            hint:
                "return `{ url = …, headers = …, timeout = 1000 }`, `{ script = request, timeout = 1000 }`, or the source"
        )
    }
}
