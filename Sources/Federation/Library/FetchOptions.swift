import Diagnostics
import Fetch
import LuaBridge

extension FetchRequest {
    /// The longest time a request may take: what is longer than a year is a mistake.
    private static let longestTime = 365 * 86_400_000.0

    private typealias Reader = @Sendable (inout FetchRequest, LuaValue) throws(OptionProblem) -> Void

    private static let readers: [(name: String, read: Reader)] = [
        ("body", { (request, value) throws(OptionProblem) in request.body = try body(value) }),
        ("connectTimeout", { (request, value) throws(OptionProblem) in request.connectTimeout = try time(value) }),
        ("headers", { (request, value) throws(OptionProblem) in request.headers = try headers(value) }),
        ("maxBytes", { (request, value) throws(OptionProblem) in request.maxBytes = try count(value, from: 1) }),
        ("maxRedirects", { (request, value) throws(OptionProblem) in request.maxRedirects = try count(value, from: 0) }),
        ("method", { (request, value) throws(OptionProblem) in request.method = try method(value) }),
        ("timeout", { (request, value) throws(OptionProblem) in request.timeout = try time(value) }),
    ]

    /// Takes the second argument of `mf.fetch`: a host's and a tenant's are read alike.
    ///
    /// - Throws: ``MFError`` with `LUA-009` that names all that is wrong; nothing is sent then.
    mutating func take(options: LuaValue) throws {
        guard !options.isNothing else { return }
        guard options.luaTypeName == "table" else {
            throw MFError.badArgument(2, of: "fetch", "table expected, got \(options.luaTypeName)")
        }
        var problems: [String] = []
        for (key, value) in try options.entries(expecting: "the options of `mf.fetch`") {
            guard case .string(let name) = key, let reader = Self.readers.first(where: { $0.name == name }) else {
                problems.append(Self.unknown(key))
                continue
            }
            do { try reader.read(&self, value) } catch { problems.append("`\(name)` \(error.text)") }
        }
        if method == "HEAD", body != nil { problems.append("`body` cannot go with the method `HEAD`") }
        guard problems.isEmpty else { throw MFError.badFetchOptions(problems.sorted()) }
    }

    private static func unknown(_ key: LuaValue) -> String {
        guard case .string(let name) = key else { return "\(key) is no option" }
        let meant = closestMatch(to: name, in: readers.map(\.name)).map { " (did you mean `\($0)`?)" }
        return "there is no option `\(name)`\(meant ?? "")"
    }

    private static func body(_ value: LuaValue) throws(OptionProblem) -> [UInt8] {
        guard let bytes = value.bytesValue else { throw .wants("a string", value) }
        return bytes
    }

    private static func time(_ value: LuaValue) throws(OptionProblem) -> Duration {
        guard let milliseconds = value.doubleValue, milliseconds > 0, milliseconds <= longestTime else {
            throw .wants("a positive number of milliseconds", value)
        }
        return .microseconds(max(1, Int64(milliseconds * 1_000)))
    }

    private static func count(_ value: LuaValue, from least: Int) throws(OptionProblem) -> Int {
        guard let count = value.intValue, count >= least, count <= 1 << 40 else {
            throw .wants(least == 0 ? "an integer that is not negative" : "a positive integer", value)
        }
        return count
    }

    private static func method(_ value: LuaValue) throws(OptionProblem) -> String {
        guard case .string(let method) = value else { throw .wants("a string", value) }
        // As browsers do: these are meant in whatever case.
        let usual = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
        let spelt = usual.first { $0 == method.uppercased() } ?? method
        if let reason = FetchRequest.reasonAgainst(method: spelt) { throw OptionProblem(reason) }
        return spelt
    }

    private static func headers(_ value: LuaValue) throws(OptionProblem) -> [(String, String)] {
        guard value.luaTypeName == "table" || value.objectValue != nil,
            let entries = try? value.entries(expecting: "a table of headers")
        else { throw .wants("a table of strings", value) }
        var headers: [(String, String)] = []
        for (name, value) in entries.sorted(by: { $0.0.description < $1.0.description }) {
            guard case .string(let name) = name, case .string(let value) = value else {
                throw OptionProblem("must be a table of strings, and has \(name) = \(value)")
            }
            if let reason = FetchRequest.reasonAgainst(header: name, value) {
                throw OptionProblem("has `\(name)`, \(reason)")
            }
            headers.append((name, value))
        }
        return headers
    }
}

/// What is wrong with the value of one option.
private struct OptionProblem: Error {
    let text: String

    init(_ text: String) { self.text = text }

    static func wants(_ wanted: String, _ found: LuaValue) -> OptionProblem {
        let shown: String =
            switch found {
            case .integer, .number, .boolean: "\(found)"
            default: "a \(found.luaTypeName)"
            }
        return OptionProblem("must be \(wanted), not \(shown)")
    }
}

extension MFError {
    /// Options of `mf.fetch` that cannot be taken, all of them.
    static func badFetchOptions(_ problems: [String]) -> MFError {
        MFError(
            .badArgument, "bad argument #2 to `fetch`: \(problems.joined(separator: "; "))",
            context: [("function", "fetch"), ("argument", "2")],
            hint: "its options are `method`, `headers`, `body`, `timeout`, `connectTimeout`, `maxBytes`, `maxRedirects`")
    }
}
