import Diagnostics
import Fetch
import LuaBridge

extension OptionType {
    /// Header → value.
    static let headers = map(of: .string, "a table of headers")

    /// A status that an HTTP answer can have.
    static let httpStatus = OptionType("integer", "an HTTP status from 100 to 999") { $0.httpStatus != nil }
}

extension LuaValue {
    /// The status of an HTTP answer: three digits.
    var httpStatus: Int? { intValue.flatMap { (100...999).contains($0) ? $0 : nil } }
}

/// The answer to `mf.fetch`.
final class ResponseView: LuaObject, @unchecked Sendable {
    // Constants; `origins` is told of a table by `json`, a method that a state calls on its loop.
    let response: FetchResponse
    private let headers: HeadersView
    private let origins: JSONOrigins

    init(_ response: FetchResponse, origins: JSONOrigins) {
        (self.response, headers, self.origins) = (response, HeadersView(response.headers), origins)
    }

    static let luaTypeName = "mf.Response"
    var luaDescription: String { "mf.Response(\(response.status))" }
    var luaKeys: [LuaKey] { ["status", "ok", "url", "headers", "body"].map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "status": return .integer(Int64(response.status))
        case "ok": return .boolean(response.isSuccess)
        case "url": return .string(response.url)
        case "headers": return .object(headers)
        case "body": return .of(response.body)
        default: return .nil
        }
    }

    static let luaMethods = [
        LuaCallable("text") { call in [.of(try call.object(0, as: ResponseView.self).response.body)] },
        LuaCallable("json") { call in
            let view = try call.object(0, as: ResponseView.self)
            let value = try JSON.decode(view.response.body)
            return [try view.origins.noted(value, from: view.response.url, in: call.state)]
        },
    ]
}

/// The headers of a message: found under their names in any case, listed in lower case. What came several times is one
/// text, joined by commas.
final class HeadersView: LuaObject {
    private let values: [String: String]
    private let names: [String]

    init(_ headers: [(String, String)]) {
        var (values, names) = ([String: String](), [String]())
        for (name, value) in headers {
            let name = name.lowercased()
            if let known = values[name] {
                values[name] = known + ", " + value
            } else {
                values[name] = value
                names.append(name)
            }
        }
        (self.values, self.names) = (values, names)
    }

    static let luaTypeName = "mf.Headers"
    var luaKeys: [LuaKey] { names.map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        return .optional(values[name] ?? values[name.lowercased()])
    }
}
