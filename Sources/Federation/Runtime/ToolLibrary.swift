import Diagnostics
import EventLoops
import Fetch
import LuaBridge
import Logging

extension MFLibrary {
    /// `mf.fetch` and what belongs to it.
    static let toolFunctions = [
        Function(
            name: "fetch", signature: "fun(url: string|mf.Secret, options?: mf.FetchOptions): mf.Response",
            summary: "Fetches a URL; waits. A status other than 2xx is a response with `ok` false."
        ) { runtime in fetch(runtime, for: .script) },
        Function(
            name: "secret", signature: "fun(reference: string): mf.Secret",
            summary:
                "Refers to a secret: `env:NAME`, `file:PATH` or `cmd:COMMAND`. Its text is resolved when a plugin gets it as an option, and shown nowhere."
        ) { runtime in
            LuaCallable("secret") { [unowned runtime] call in
                [.object(try runtime.registry.secrets.secret(try call.string(0)))]
            }
        },
        Function(
            name: "type", signature: "fun(value: any): string",
            summary: "The type of a value; live views have their own, such as `mf.Host`."
        ) { _ in
            LuaCallable("type") { call in
                guard call.count > 0 else { throw call.mismatch(0, "value") }
                if case .object(let object) = call[0] { return [.string(type(of: object).luaTypeName)] }
                return [.string(call[0].luaTypeName)]
            }
        },
        Function(
            name: "response",
            signature: "fun(fields: mf.ResponseFields): mf.Response",
            summary: "Makes a response like those of `mf.fetch`, for listeners of the hook `fetch`."
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
                            origins: runtime.registry.origins))
                ]
            }
        },
    ]

    /// `mf.fetch` for a piece of code: who it is decides which secrets it may send.
    static func fetch(_ runtime: Runtime, for user: SecretUser) -> LuaCallable {
        LuaCallable(async: "fetch") { [unowned runtime] call in
            let arguments = try await FetchArguments(call, secrets: runtime.registry.secrets, user)
            let request = try arguments.request()
            let begun = runtime.loop.now
            var response = try await runtime.fetcher.fetch(request)
            runtime.log.debug(
                "\(request.method) \(URLParts.redacted(request.shownURL ?? request.url)) \(response.status)",
                metadata: [
                    "part": "fetch",
                    "fields": ["ms": "\(Int(begun.duration(to: runtime.loop.now) / .milliseconds(1)))"],
                ])
            if let shown = request.shownURL { response.url = shown }
            return [.object(ResponseView(response, origins: runtime.registry.origins))]
        }
    }

    /// What `mf.response` takes.
    static let responseFields = OptionTable([
        .init("status", .httpStatus, "The status; 200 if absent."),
        .init("body", .bytes, "The body."),
        .init("headers", .headers, "The headers."),
        .init("url", .string, "The URL that answered."),
    ])
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
                            let fields = try fields(of: call)
                            let words = fields.isEmpty ? call.arguments : Array(call.arguments.dropLast())
                            let text = words.map { call.state.toString($0) }.joined(separator: " ")
                            var metadata: Logger.Metadata = ["part": "script"]
                            if !fields.isEmpty { metadata["fields"] = .dictionary(fields) }
                            runtime.log.log(level: level, "\(text)", metadata: metadata)
                            return []
                        })
                )
            })
    }

    /// What stands in a table behind the message: names and values.
    private static func fields(of call: LuaCall) throws -> Logger.Metadata {
        guard call.count > 1, case .table(let table) = call[call.count - 1], try table.metatable() == nil else {
            return [:]
        }
        var fields: Logger.Metadata = [:]
        for (key, value) in try table.pairs() {
            guard case .string(let name) = key else { return [:] }
            fields[name] = .string(call.state.toString(value))
        }
        return fields
    }
}
