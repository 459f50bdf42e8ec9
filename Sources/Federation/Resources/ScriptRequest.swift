import Diagnostics
import Fetch
import LuaBridge

/// How an entry or an asset is requested: what `createScript` and `createLink` may change.
struct ScriptRequest: Sendable {
    var url: String
    var method = "GET"
    var headers: [(String, String)] = []
    /// The total deadline; the remote's where it is not said.
    var timeout: Duration?
    var maxBytes: Int?
    /// The source itself: nothing is fetched.
    var source: [UInt8]?
    /// The tenant whose plugin has made the request: it is made, and what it gives is run, as that tenant.
    var givenBy: String?

    init(url: String) { self.url = url }

    /// Whether it asks for the URL and no more: another such request gets the same answer.
    var isPlain: Bool { method == "GET" && headers.isEmpty && timeout == nil && maxBytes == nil && givenBy == nil }

    /// The request that is made for a file of a remote.
    func fetchRequest(of remote: Remote) -> FetchRequest {
        var request = remote.request(url)
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
        take(try Self.options.read(value, of: hook))
    }

    /// Takes over what is said; a request inside, `{ script = … }`, goes before what stands beside it.
    private mutating func take(_ options: OptionValues) {
        url = options["url"].stringValue ?? url
        method = options["method"].stringValue.map(FetchRequest.spelt) ?? method
        if let pairs = try? FetchRequest.pairs(options["headers"]) { headers = pairs }
        timeout = options["timeout"].time ?? timeout
        maxBytes = options["maxBytes"].intValue ?? maxBytes
        for inner in [options["script"], options["link"]] where !inner.isNil {
            if let source = inner.bytesValue {
                self.source = source
            } else {
                var checker = OptionChecker()
                if let values = try? Self.options.check(inner, &checker) { take(values) }
            }
        }
    }

    /// What a listener of `createScript` or `createLink` may return. Attributes of a browser's element are taken and have
    /// no meaning.
    static let options: OptionTable = OptionTable(keys + attributes)

    private static let keys: [OptionTable.Key] = [
        .init("url", .string, "The URL to ask."), .init("method", .fetchMethod, "The method."),
        .init("headers", .fetchHeaders, "The headers."),
        .init("timeout", .time, "The time limit of the transfer, in milliseconds or as \"20s\"."),
        .init("maxBytes", .integer(from: 1), "The size limit of the source in bytes."),
        .init("script", .script, "The request, or the source."),
        .init("link", .script, "The request, or the source."),
    ]
    private static let attributes: [OptionTable.Key] = [
        "attrs", "src", "href", "rel", "as", "type", "id", "async", "defer", "crossorigin", "fetchpriority",
    ].map { OptionTable.Key($0, .any, "An attribute of a browser's script element; ignored.") }
}

extension OptionType {
    /// A request inside of what a listener returns, or the source.
    fileprivate static let script: OptionType = OptionType(
        "mf.ScriptRequest|string", "a request or the source",
        check: { (value: LuaValue, checker: inout OptionChecker) throws -> Void in
            if value.bytesValue != nil { return }
            let request = OptionType.options("mf.ScriptRequest", ScriptRequest.options, "a request or the source")
            try request.check(value, &checker)
        })
}

extension MFError {
    /// A listener of `createScript` returned something that is no request.
    static func badScriptRequest(_ value: LuaValue, hook: String) -> MFError {
        MFError(
            .badHookValue, "a listener of `\(hook)` returned a \(value.luaTypeName), not a request",
            context: [("hook", hook)],
            hint:
                "return `{ url = …, headers = …, timeout = 1000 }`, `{ script = request, timeout = 1000 }`, or the source"
        )
    }
}
