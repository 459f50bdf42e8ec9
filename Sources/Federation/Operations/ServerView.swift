import Diagnostics
import EventLoops
import Logging
import LuaBridge
import Synchronization

/// A server that answers by functions of Lua: what `mf.serve` returns.
final class ServerView: LuaObject, @unchecked Sendable {
    // Made and stopped on the loop of its operations; requests come on the server's threads, look at an atomic and go to that loop.
    private let operations: Operations
    private let routes: RouteTable<LuaFunction>
    private let fallback: LuaFunction?
    private let timeout: Duration
    /// Where it listens, as the script has written it.
    let address: String
    /// The files of the plugin that has begun it.
    let files: Set<String>
    private var server: (any WebServer)?
    private var url = ""
    private var port: Int?
    private var holding: Holding?
    private var ending: Task<Void, any Error>?
    private let hasStopped = Atomic<Bool>(false)

    /// How long answers are waited for when the server stops.
    static let grace = Duration.seconds(10)

    /// Starts a server.
    ///
    /// - Throws: ``MFError`` with `SERVE-001` when it cannot listen.
    init(_ arguments: ServeArguments, _ operations: Operations) throws {
        self.operations = operations
        (routes, fallback) = (arguments.routes, arguments.fallback)
        timeout = arguments.times["handler"].time ?? .seconds(30)
        guard let serving = operations.facilities.webServing else { throw MFError.noWebServing() }
        let generation = operations.generation()
        (address, files) = (arguments.address, generation.files)
        let times = arguments.times
        let server = try operations.facilities.listen(arguments.address, for: generation) { isSuccessor in
            var plan = WebServerPlan(address: arguments.address, isSuccessor: isSuccessor) { [weak self] request in
                await self?.reply(to: request) ?? .text("the server is stopping", status: 503)
            }
            if let most = arguments.maxBody { plan.maxBody = most }
            (plan.head, plan.body) = (times["head"].time, times["body"].time)
            (plan.idle, plan.write) = (times["idle"].time, times["write"].time)
            return try serving(plan)
        }
        (self.server, url, port) = (server, server.url, server.port)
        operations.facilities.add(self)
        operations.loop.beginWorkElsewhere()
        holding = Holding(in: operations) { [weak self] in self?.stop() }
        if self.server == nil { holding.take()?.release() }
    }

    /// Takes no new connections, and ends once what has begun is answered.
    @discardableResult
    func stop() -> Task<Void, any Error>? {
        guard let server else { return ending }
        self.server = nil
        hasStopped.store(true, ordering: .releasing)
        operations.facilities.remove(self)
        // The view lives until the last request is answered.
        ending = operations.loop.start { [self] in
            await server.finish(within: Self.grace)
            operations.loop.endWorkElsewhere()
            holding.take()?.release()
        }
        return ending
    }

    static let luaTypeName = "mf.Server"
    var luaDescription: String { "mf.Server(\(url))" }
    var luaKeys: [LuaKey] { ["url", "port", "status"].map { .string($0) } }

    func luaGet(_ key: LuaKey) -> LuaValue {
        switch key {
        case .string("url"): .string(url)
        case .string("port"): port.map { .integer(Int64($0)) } ?? .nil
        case .string("status"): .string(server == nil ? "stopped" : "listening")
        default: .nil
        }
    }

    static let luaMethods = [
        LuaCallable(async: "stop") { call in
            try await call.object(0, as: ServerView.self).stop()?.value
            return []
        },
        LuaCallable("__close") { call in
            try call.object(0, as: ServerView.self).stop()
            return []
        },
    ]
}

// MARK: - Requests

extension ServerView {
    /// Answers a request. From any thread.
    private func reply(to request: WebRequest) async -> WebReply {
        // On a connection that was made before: the plugin's new version answers.
        if hasStopped.load(ordering: .acquiring),
            let next = try? await operations.loop.perform({ [self] in operations.facilities.successor(of: self) })
        {
            return await next.reply(to: request)
        }
        let path = request.target.prefix { $0 != "?" && $0 != "#" }
        let function: LuaFunction
        var parameters: [(String, String)] = []
        switch routes.match(request.method, path) {
        case .found(let target, let values): (function, parameters) = (target, values)
        case .otherMethod(let allowed):
            return .text("method not allowed", status: 405, headers: [("Allow", allowed.joined(separator: ", "))])
        case .none:
            guard let fallback else { return .text("not found", status: 404) }
            function = fallback
        }
        do {
            return try await operations.loop.perform { [self, parameters] in
                try await call(function, with: request, path, parameters)
            }
        } catch let error as MFError where error.code == .deadlineExceeded {
            note(error, request)
            return .text("the answer takes too long", status: 503)
        } catch is CancellationError {
            return .text("the server is stopping", status: 503)
        } catch {
            note(error, request)
            return .text("internal server error", status: 500)
        }
    }

    /// Calls a handler, on the loop.
    private func call(
        _ function: LuaFunction, with request: WebRequest, _ path: Substring, _ parameters: [(String, String)]
    ) async throws -> WebReply {
        let query = request.target.firstIndex(of: "?").map { request.target[request.target.index(after: $0)...] } ?? ""
        let fields: LuaRecord = [
            "method": .string(request.method), "path": .string(String(path)), "body": .of(request.body),
            "params": .record(LuaRecord(parameters.map { ($0.0, .string($0.1)) })),
            "query": .record(LuaRecord(QueryText.pairs(of: query).map { ($0.0, .of($0.1)) })),
            "queryString": .string(String(query)), "headers": .object(HeadersView(request.headers)),
            "remoteAddress": .optional(request.remoteAddress),
        ]
        let late = MFError(.deadlineExceeded, "the handler took more than \(timeout)", hint: "raise `timeouts.handler`")
        let results = try await operations.loop.within(timeout, late: late) {
            try await Activity("\(request.method) \(path)").run {
                try await function.state.callAsync(function, [.record(fields)])
            }
        }
        return try WebReply(results.first ?? .nil, of: function.state) { [self] in note($0, request) }
    }

    private func note(_ error: any Error, _ request: WebRequest) {
        let path = request.target.prefix { $0 != "?" }
        operations.log.error(
            "\(request.method) \(path) failed: \(MFError.text(of: error))", metadata: ["part": "script"])
    }
}

extension MFError {
    fileprivate static func noWebServing() -> MFError {
        MFError(
            .cannotServe, "there is no HTTP server in this program", hint: "run the script with the command `mflua`")
    }
}
