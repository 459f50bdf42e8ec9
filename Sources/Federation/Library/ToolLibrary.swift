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
                return [.object(ResponseView(try await runtime.fetcher.fetch(request)))]
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
            signature: "fun(fields: {status?: integer, body?: string, headers?: table<string, string>}): mf.Response",
            summary: "A response as `mf.fetch` gives one, for listeners of the hook `fetch`."
        ) { _ in
            LuaCallable("response") { call in
                let table = try call.table(0)
                let headers = try table.get("headers")
                return [
                    .object(
                        ResponseView(
                            FetchResponse(
                                status: try table.get("status").intValue ?? 200,
                                url: try table.get("url").stringValue ?? "",
                                headers: headers.isNil
                                    ? []
                                    : try headers.entries(expecting: "a table of headers").map {
                                        (try String.fromLua($0.0), try String.fromLua($0.1))
                                    },
                                body: try table.get("body").bytesValue ?? [])))
                ]
            }
        },
    ]
}

/// The answer to `mf.fetch`.
final class ResponseView: LuaObject, @unchecked Sendable {
    // Immutable.
    let response: FetchResponse
    private let headers: HeadersView

    init(_ response: FetchResponse) { (self.response, headers) = (response, HeadersView(response)) }

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
        LuaCallable("json") { call in [try JSON.decode(try call.object(0, as: ResponseView.self).response.body)] },
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
    static let record: LuaRecord = [
        "null": .null,
        "decode": .callable(
            LuaCallable("decode") { call in
                let text = try call.bytes(0)
                return [try text.withUnsafeBufferPointer { try call.state.decodeJSON($0) }]
            }),
        "encode": .callable(
            LuaCallable("encode") { call in
                let pretty = try call.optionalTable(1)?.get("pretty").isTruthy ?? false
                return [.of(try call.state.encodeJSON(try call[0].detached(), pretty: pretty))]
            }),
        "array": .callable(
            LuaCallable("array") { call in
                [.object(LiveList<LuaValue>(try call[0].isNil ? [] : LiveList<LuaValue>.fromLua(call[0]).elements))]
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
                            runtime.log.log(level: level, "\(text)")
                            return []
                        })
                )
            })
    }
}
