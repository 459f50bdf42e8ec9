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
                let request = try FetchRequest(url: try call.string(0), options: call.optionalTable(1))
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

extension FetchRequest {
    /// What the second argument of `mf.fetch` says.
    init(url: String, options: LuaTable?) throws {
        self.init(url: url, acceptsAnyStatus: true)
        guard let options else { return }
        for (key, value) in try options.pairs() {
            switch key {
            case .string("method"): method = try String.fromLua(value)
            case .string("headers"):
                headers = try value.entries(expecting: "a table of headers").map {
                    (try String.fromLua($0.0), try String.fromLua($0.1))
                }
            case .string("body"): body = value.bytesValue
            case .string("timeout"): timeout = .milliseconds(try Int.fromLua(value))
            case .string("connectTimeout"): connectTimeout = .milliseconds(try Int.fromLua(value))
            case .string("maxBytes"): maxBytes = try Int.fromLua(value)
            case .string("maxRedirects"): maxRedirects = try Int.fromLua(value)
            case .string(let name): throw MFError.unknownFetchOption(name)
            default: throw MFError.wrongType(expected: "an option of mf.fetch", found: key)
            }
        }
    }
}

extension MFError {
    /// An option that `mf.fetch` does not have.
    static func unknownFetchOption(_ name: String) -> MFError {
        let known = ["method", "headers", "body", "timeout", "connectTimeout", "maxBytes", "maxRedirects"]
        return MFError(
            .badArgument, "`mf.fetch` has no option `\(name)`",
            hint: closestMatch(to: name, in: known).map { "did you mean `\($0)`?" }
                ?? "its options are \(known.map { "`\($0)`" }.joined(separator: ", "))")
    }
}

/// The answer to `mf.fetch`.
final class ResponseView: LuaObject, @unchecked Sendable {
    // Immutable.
    let response: FetchResponse
    init(_ response: FetchResponse) { self.response = response }

    static let luaTypeName = "mf.Response"
    var luaDescription: String { "mf.Response(\(response.status))" }
    var luaKeys: [LuaKey] { ["status", "ok", "url", "headers", "body"].map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        guard case .string(let name) = key else { return .nil }
        switch name {
        case "status": return .integer(Int64(response.status))
        case "ok": return .boolean(response.isSuccess)
        case "url": return .string(response.url)
        case "headers": return .record(LuaRecord(response.headers.map { ($0.0.lowercased(), .string($0.1)) }))
        case "body": return .of(response.body)
        default: return .nil
        }
    }

    static let luaMethods = [
        LuaCallable("text") { call in [.of(try call.object(0, as: ResponseView.self).response.body)] },
        LuaCallable("json") { call in [try JSON.decode(try call.object(0, as: ResponseView.self).response.body)] },
    ]
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
