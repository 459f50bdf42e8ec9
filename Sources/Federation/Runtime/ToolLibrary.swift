import Diagnostics
import Fetch
import LuaBridge
import Logging

extension MFLibrary {
    /// `mf.fetch` and what belongs to it.
    static let toolFunctions = [
        Function(
            name: "fetch", signature: "fun(url: string, options?: mf.FetchOptions): mf.Response",
            summary: "Gets a URL; waits. A status other than 2xx is an answer, `response.ok` tells."
        ) { runtime in
            LuaCallable(async: "fetch") { call in
                var request = FetchRequest(url: try call.string(0), acceptsAnyStatus: true)
                try request.take(options: call[1])
                return [.object(ResponseView(try await runtime.fetcher.fetch(request), origins: runtime.origins))]
            }
        },
        Function(
            name: "type", signature: "fun(value: any): string",
            summary: "The type of a value; for live views their own, such as `mf.Host`."
        ) { _ in
            LuaCallable("type") { call in
                if case .object(let object) = call[0] { return [.string(type(of: object).luaTypeName)] }
                return [.string(call[0].luaTypeName)]
            }
        },
        Function(
            name: "response",
            signature: "fun(fields: mf.ResponseFields): mf.Response",
            summary: "A response as `mf.fetch` gives one, for listeners of the hook `fetch`."
        ) { runtime in
            LuaCallable("response") { call in
                guard call[0].isTable else { throw call.mismatch(0, "table") }
                let fields = try responseFields.read(call, 0)
                return [
                    .object(
                        ResponseView(
                            FetchResponse(
                                status: fields["status"].intValue ?? 200, url: fields["url"].stringValue ?? "",
                                headers: (try fields["headers"].luaEntries() ?? []).compactMap { name, value in
                                    name.stringValue.flatMap { name in value.stringValue.map { (name, $0) } }
                                }, body: fields["body"].bytesValue ?? []),
                            origins: runtime.origins))
                ]
            }
        },
    ]

    /// What `mf.response` takes.
    static let responseFields = OptionTable([
        .init("status", .integer(from: 100), "200 where none is named."),
        .init("body", .bytes, "The body."),
        .init("headers", .headers, "The headers."),
        .init("url", .string, "The URL that answered."),
    ])
}

extension OptionType {
    /// Header → value.
    static let headers = map(of: .string, "a table of headers")
}

/// The answer to `mf.fetch`.
final class ResponseView: LuaObject, @unchecked Sendable {
    // Immutable.
    let response: FetchResponse
    private let headers: HeadersView
    private let origins: JSONOrigins

    init(_ response: FetchResponse, origins: JSONOrigins) {
        (self.response, headers, self.origins) = (response, HeadersView(response), origins)
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

/// The headers of an answer: found under their names in any case, listed in lower case. What came several times is one
/// text, joined by commas.
final class HeadersView: LuaObject {
    private let values: [String: String]
    private let names: [String]

    init(_ response: FetchResponse) {
        var (values, names) = ([String: String](), [String]())
        for (name, value) in response.headers {
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

extension LuaValue {
    /// Bytes as a Lua string.
    static func of(_ bytes: [UInt8]) -> LuaValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .bytes(bytes)
    }
}

/// `mf.json`.
enum JSONLibrary {
    static let encodeOptions = OptionTable([
        .init("pretty", .boolean, "Whether the text has line breaks and indents.")
    ])
    static let record: LuaRecord = [
        "null": .null,
        "decode": .callable(
            LuaCallable("decode") { call in
                let text = try call.bytes(0)
                return [try text.withUnsafeBufferPointer { try call.state.decodeJSON($0) }]
            }),
        "encode": .callable(
            LuaCallable("encode") { call in
                let options = try encodeOptions.read(call, 1)
                return [.of(try call.state.encodeJSON(call[0], pretty: options["pretty"].isTruthy))]
            }),
        "array": .callable(
            LuaCallable("array") { call in
                if call[0].isNil { return [.object(LiveList<LuaValue>())] }
                let list = try OptionType.list(of: .any).read(call, 0)
                return [.object(LiveList<LuaValue>(try LiveList<LuaValue>.fromLua(list).elements))]
            }),
    ]
}

/// `mf.log`.
enum LogLibrary {
    static func record(_ runtime: Runtime) -> LuaRecord {
        let levels: [(String, Logger.Level)] = [
            ("debug", .debug), ("info", .info), ("warn", .warning), ("error", .error),
        ]
        return LuaRecord(
            levels.map { name, level in
                (
                    name,
                    .callable(
                        LuaCallable(name) { call in
                            let text = call.arguments.map { call.state.toString($0) }.joined(separator: " ")
                            runtime.log.log(level: level, "\(text)", metadata: ["part": "script"])
                            return []
                        })
                )
            })
    }
}
