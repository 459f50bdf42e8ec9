import Diagnostics
import Fetch
import LuaBridge

extension FetchRequest {
    /// What `mf.fetch` can be told, by a host and by a tenant alike.
    static let options = OptionTable([
        .init("method", .fetchMethod, "The method; `GET` if absent."),
        .init(
            "headers", .fetchHeaders,
            "The request headers, except those that frame the message; a value can be a `mf.Secret`."),
        .init("body", .bytes, "The request body; it can be a `mf.Secret`."),
        .init("timeout", .time, "The time limit of the transfer, in milliseconds or as \"20s\"; 20 s if absent."),
        .init("connectTimeout", .time, "The time limit for connecting, in milliseconds or as \"5s\"; 5 s if absent."),
        .init("maxBytes", .integer(from: 1), "The size limit of the response body in bytes; 16 MiB if absent."),
        .init(
            "maxRedirects", .integer(from: 0),
            "How many redirects to follow; 5 if absent. A tenant's request follows 3 at most."),
    ])

    /// Takes the second argument of `mf.fetch`.
    ///
    /// - Throws: ``MFError`` with `LUA-009` when it is no table, `LUA-012` that names all that is wrong inside. Nothing is
    ///   sent then.
    mutating func take(options value: LuaValue) throws {
        if value.isNothing { return }
        guard value.luaTypeName == "table" || value.objectValue != nil else {
            throw MFError.badArgument(2, of: "fetch", "table expected, got \(value.luaTypeName)")
        }
        var checker = OptionChecker()
        let options = try Self.options.check(value, &checker)
        let method = options["method"].stringValue.map(Self.spelt) ?? method
        if method == "HEAD", !options["body"].isNil {
            try checker.inside(.option("body")) { $0.note("is not allowed with method `HEAD`") }
        }
        try checker.finish(of: "fetch")
        self.method = method
        if !options["headers"].isNil { headers = try Self.pairs(options["headers"]) }
        if let bytes = options["body"].bytesValue { body = bytes }
        if let time = options["timeout"].time { timeout = time }
        if let time = options["connectTimeout"].time { connectTimeout = time }
        if let count = options["maxBytes"].intValue { maxBytes = count }
        if let count = options["maxRedirects"].intValue { maxRedirects = count }
    }

    /// As browsers do: these are meant in whatever case.
    static func spelt(_ method: String) -> String {
        let usual = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
        return usual.first { $0 == method.uppercased() } ?? method
    }

    /// The headers that an option says, in the order of their names.
    static func pairs(_ headers: LuaValue) throws -> [(String, String)] {
        try headers.entries(expecting: "a table of headers")
            .map { (try String.fromLua($0.0), try String.fromLua($0.1)) }
            .sorted { $0.0 < $1.0 }
    }
}

extension OptionType {
    /// A method that may be sent.
    static let fetchMethod = OptionType("string", "the name of a method") { value, checker in
        guard case .string(let method) = value else { return checker.expected("the name of a method", found: value) }
        if let reason = FetchRequest.reasonAgainst(method: method) { checker.note(reason) }
    }

    /// Headers that may be sent.
    static let fetchHeaders = OptionType("table<string, string>", "a table of headers") { value, checker in
        try OptionType.map(of: .string, "a table of headers").check(value, &checker)
        let headers = (try value.luaEntries() ?? []).compactMap { entry in
            entry.key.stringValue.flatMap { name in entry.value.stringValue.map { (name, $0) } }
        }
        for (name, value) in headers.sorted(by: { $0.0 < $1.0 }) {
            if let reason = FetchRequest.reasonAgainst(header: name, value) {
                try checker.inside(.name(name)) { $0.note(reason) }
            }
        }
    }
}
