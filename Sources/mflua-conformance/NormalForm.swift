/// A trace in the form in which two runtimes can be compared: FORMAT §6.
enum NormalForm {
    /// A JavaScript type error in the expected trace, for which any error will do.
    static let someError = "<some error>"
    /// An answer refused for its status (D4): the recorded runtime knows no such error, so FORMAT has no name for it.
    static let refusedAnswer = "<refused answer>"

    private static let builtInPlugins: Set<String> = ["snapshot-plugin", "generate-preload-assets-plugin"]
    private static let loaderHooks: Set<String> = [
        "createScript", "createLink", "loadEntry", "loadEntryError", "afterLoadEntry",
    ]
    private static let droppedWhenBlank: Set<String> = [
        "version", "buildVersion", "shareScope", "entry", "remoteEntry",
    ]

    /// The comparable lines of a trace.
    ///
    /// - Parameter fromBrowser: The trace, or the one it is compared with, was recorded in a browser.
    static func lines(of trace: String, fromBrowser: Bool = false) throws -> [String] {
        var lines: [String] = []
        for line in trace.split(separator: "\n") where !line.allSatisfy(\.isWhitespace) {
            let value = try JSON.parse(line)
            if isRemark(value) { continue }
            if let block = value["unordered"] {
                lines.append("{\"step\":\(value["step"] ?? .null),\"unordered\":[")
                lines += sorted(block.elements.filter { !isRemark($0) }.map { "  " + text(of: $0, fromBrowser) })
                lines.append("]}")
            } else {
                lines.append(text(of: value, fromBrowser))
            }
        }
        return lines
    }

    /// Sorts lines by all they say but their errors, which need not have the same names on both sides.
    private static func sorted(_ lines: [String]) -> [String] {
        func withoutErrors(_ line: String) -> String {
            let pieces = line.components(separatedBy: "<error ")
            return pieces[0] + pieces.dropFirst().map { String($0.drop { $0 != "\"" }) }.joined()
        }
        return lines.map { (key: withoutErrors($0), line: $0) }.sorted { $0 < $1 }.map(\.line)
    }

    /// Log lines, errors nobody waited for, and notes of the project about a line are not compared.
    private static func isRemark(_ line: JSON) -> Bool {
        line["log"] != nil || line["unhandled"] != nil || line["difference"] != nil
    }

    private static func text(of line: JSON, _ fromBrowser: Bool) -> String {
        var line = line
        if let hook = line["hook"]?.text, loaderHooks.contains(hook), var args = line["args"] {
            // The attributes of script and link elements exist in browsers only (FORMAT §7).
            args = args.removing(["attrs"])
            // There the preloader asks for an entry, of which it knows less than the loader.
            if fromBrowser, let remote = args["remoteInfo"] {
                let known = remote.removing(["shareScope", "buildVersion"])
                args = args.merging([.init(key: "remoteInfo", value: known)])
            }
            line = line.merging([.init(key: "args", value: args)])
        }
        return value(line).description
    }

    static func value(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): .string(error(inside: text))
        case .array(let elements): list(elements)
        case .object(let members): object(members)
        default: value
        }
    }

    private static func list(_ elements: [JSON]) -> JSON {
        var elements = elements
        if elements.allSatisfy({ $0.text != nil }) {
            elements.removeAll { builtInPlugins.contains($0.text!) }
        }
        // An empty list and an empty table are one.
        return elements.isEmpty ? .object([]) : .array(elements.map(value))
    }

    private static func object(_ members: [JSON.Member]) -> JSON {
        let isLoaded = members.contains { $0.key == "loaded" && $0.value == .boolean(true) }
        var result: [JSON.Member] = []
        for member in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            // Nothing and absent are one, except as a result.
            if member.value == .null, member.key != "ok" { continue }
            if member.value == "", droppedWhenBlank.contains(member.key) { continue }
            if member.key == "loading", isLoaded { continue }
            if member.key == "detail" { continue }
            let shown: JSON =
                if member.key == "error", case .string(let text) = member.value {
                    .string(error(inside: error(text)))
                } else {
                    value(member.value)
                }
            result.append(JSON.Member(key: member.key, value: shown))
        }
        return .object(result)
    }

    /// One spelling for errors that are equal.
    private static func error(_ text: String) -> String {
        if text.hasPrefix("entry load failed: ") { return "RUNTIME-008" }
        if text.hasPrefix("type error") { return someError }
        if text.hasPrefix("HTTP status ") { return refusedAnswer }
        return text
    }

    private static func error(inside text: String) -> String {
        guard text.hasPrefix("<error "), text.hasSuffix(">") else { return text }
        return "<error " + error(String(text.dropFirst("<error ".count).dropLast())) + ">"
    }
}
