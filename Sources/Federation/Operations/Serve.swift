import Diagnostics
import EventLoops
import LuaBridge

extension Operations {
    /// `mf.serve`.
    static let serverFunctions = [
        Function(
            name: "serve", signature: "fun(options: mf.ServeOptions): mf.Server",
            summary: """
                Starts an HTTP server. A handler gets the request and may wait; it returns a text, or a table with `status`, \
                `headers` and `body`: a text, a table (sent as JSON) or a function that gives the next part. At the end of the \
                host requests that have begun are answered first.
                """
        ) { operations in
            LuaCallable("serve") { call in
                guard call[0].isTable else { throw call.mismatch(0, "table") }
                return [.object(try ServerView(try ServeArguments(call), operations))]
            }
        }
    ]

    /// What `mf.serve` takes.
    static let serveOptions = OptionTable([
        .init(
            "listen", .string, "Where: `127.0.0.1:8080`, port 0 for a free one, or `unix:` and a path.",
            isRequired: true),
        .init(
            "routes", .map(of: .function("fun(request: mf.Request): any"), "a table of routes"),
            "Functions by method and path: `GET /disks/{name}`, `GET /files/{path...}`."),
        .init("handler", .function("fun(request: mf.Request): any"), "What answers requests that no route is for."),
        .init("maxBody", .byteCount, "The size limit of a request's body; \"1MB\" if absent."),
        .init("timeouts", .options("mf.ServeTimeouts", serveTimeouts), "How long clients and handlers are waited for."),
        .init(
            "tls",
            OptionType("nil", "no `tls`") { _, checker in
                checker.note(
                    "is not available in this version",
                    hint: "let a proxy such as nginx take the connections, and listen on 127.0.0.1 or a Unix socket")
            }, "Not available in this version."),
    ])

    /// The times of a server.
    static let serveTimeouts = OptionTable([
        .init("head", .time, "For a request's head; 5 s if absent."),
        .init("body", .time, "For a request's body; 30 s if absent."),
        .init("idle", .time, "For the next request on a connection; 60 s if absent."),
        .init("write", .time, "For a client to take 64 KiB of an answer; 30 s if absent."),
        .init("handler", .time, "For a handler; 30 s if absent. After that the answer is 503."),
    ])
}

/// What `mf.serve` is told.
struct ServeArguments {
    let address: String
    let routes: RouteTable<LuaFunction>
    let fallback: LuaFunction?
    let maxBody: Int?
    let times: OptionValues

    /// Reads the arguments of a call.
    ///
    /// - Throws: ``MFError`` with `LUA-012` that names everything wrong.
    init(_ call: LuaCall) throws {
        var checker = OptionChecker()
        let options = try Operations.serveOptions.check(call[0], &checker)
        var routes = RouteTable<LuaFunction>()
        for (key, value) in try (options["routes"].luaEntries() ?? []).sorted(by: { "\($0.0)" < "\($1.0)" }) {
            guard let text = key.stringValue, let function = value.functionValue else { continue }
            try checker.inside(.option("routes")) { checker in
                try checker.inside(.name(text)) { checker in
                    do { try routes.add(text, function) } catch let problem as RouteTable<LuaFunction>.Problem {
                        checker.note(problem.description)
                    }
                }
            }
        }
        if checker.problems.isEmpty, options["routes"].isNil, options["handler"].isNil {
            checker.note("neither `routes` nor `handler` is there: nothing would answer")
        }
        try checker.finish(of: "serve")
        address = options["listen"].stringValue ?? ""
        (self.routes, fallback) = (routes, options["handler"].functionValue)
        maxBody = options["maxBody"].byteCount
        times =
            options["timeouts"].isNil
            ? OptionValues() : try Operations.serveTimeouts.read(options["timeouts"], of: "serve")
    }
}
