import Serving
import Synchronization
import Posix

/// What a scenario's server serves: manifests, entries and files by key, each as well or as badly as the scenario says.
final class ServedKeys: Sendable {
    private struct State {
        var specs: [JSON.Member]
        var base = ""
        var requests: [String: Int] = [:]
    }

    private let state: Mutex<State>

    init(_ served: JSON) {
        state = Mutex(State(specs: served.members))
    }

    /// Tells where the server is reached: the text that stands for `$BASE`.
    func start(base: String) {
        state.withLock { state in
            state.base = base
            state.specs = state.specs.map {
                JSON.Member(key: $0.key.replacingBase(with: base), value: $0.value.replacingBase(with: base))
            }
        }
    }

    /// Assigns fields of a served key.
    func patch(_ key: String, with fields: [JSON.Member]) {
        state.withLock { state in
            if let index = state.specs.firstIndex(where: { $0.key == key }) {
                state.specs[index].value = state.specs[index].value.merging(fields)
            } else {
                state.specs.append(JSON.Member(key: key, value: .object(fields)))
            }
        }
    }

    /// The manifest that the server would serve for a key.
    func manifest(of key: String) -> JSON? {
        state.withLock { state in
            guard let spec = state.specs.first(where: { $0.key == key })?.value else { return nil }
            return ServedManifest(key: key, spec: spec, base: state.base).json
        }
    }

    /// How often each path was asked for: the last line of a trace.
    var requests: JSON {
        state.withLock { state in
            .object(
                state.requests.sorted { $0.key < $1.key }.map {
                    JSON.Member(key: $0.key, value: .number(Double($0.value)))
                })
        }
    }

    /// Answers a request.
    func reply(to request: ServerRequest) -> ServerReply {
        let path = String(
            decoding: request.pathWithoutQuery.utf8.dropFirst().percentDecoded(strictly: false) ?? [], as: UTF8.self)
        let found = state.withLock { state -> (key: String, spec: JSON, file: String, base: String)? in
            state.requests[request.path, default: 0] += 1
            let matches = state.specs.filter { path.hasPrefix("\($0.key)/") && Self.serves($0, path) }
            guard let best = matches.max(by: { $0.key.utf8.count < $1.key.utf8.count }) else { return nil }
            return (best.key, best.value, String(path.dropFirst(best.key.count + 1)), state.base)
        }
        guard let found else { return .notFound }
        if let file = found.spec["files"]?[found.file] { return .file(file, whole: file["body"]?.text ?? "") }
        if found.file == "remoteEntry.js" { return ServedEntry(key: found.key, spec: found.spec).reply }
        let manifest = ServedManifest(key: found.key, spec: found.spec, base: found.base)
        return .file(found.spec["manifest"], whole: manifest.json.description, type: "application/json")
    }

    private static func serves(_ member: JSON.Member, _ path: String) -> Bool {
        let file = path.dropFirst(member.key.count + 1)
        return file == "remoteEntry.js" || file == "mf-manifest.json" || member.value["files"]?[String(file)] != nil
    }
}

/// The entry of a served key.
struct ServedEntry {
    let key: String
    let spec: JSON

    /// The Lua file that hands over the container of the key.
    var reply: ServerReply {
        let entry = spec["entry"]
        return .file(entry, whole: source(of: entry), type: "text/javascript")
    }

    private func source(of entry: JSON?) -> String {
        if let message = entry?["throw"]?.text { return "error(\(Self.literal(message)), 0)\n" }
        if entry?["empty"]?.flag == true { return "-- registers nothing\n" }
        return "return require(\"conformance\").container(\(Self.literal(key)))\n"
    }

    /// A string in Lua's spelling.
    private static func literal(_ text: String) -> String {
        var literal = "\""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: " "):
                literal.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte)
                literal += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }
        }
        return literal + "\""
    }
}

extension ServerReply {
    /// What is said about everything that is not served.
    static let notFound = ServerReply.text("Not Found Here", status: 404)

    /// A file as its description says: late, with another status, with other bytes, or not at all.
    static func file(_ description: JSON?, whole: String, type: String = "text/plain") -> ServerReply {
        if description?.flag == false { return .notFound }
        let delay = Duration.milliseconds(description?["delay"]?.integer ?? 0)
        if description?["hangup"]?.flag == true { return .hangUp(after: delay) }
        return .response(
            status: description?["status"]?.integer ?? 200,
            headers: [("Connection", "close"), ("Content-Type", description?["type"]?.text ?? type)],
            body: Array((description?["raw"]?.text ?? whole).utf8), delay: delay)
    }
}

extension JSON {
    /// The value with `$BASE` replaced, in keys as well.
    func replacingBase(with base: String) -> JSON {
        switch self {
        case .string(let text): .string(text.replacingBase(with: base))
        case .array(let elements): .array(elements.map { $0.replacingBase(with: base) })
        case .object(let members):
            .object(
                members.map {
                    Member(key: $0.key.replacingBase(with: base), value: $0.value.replacingBase(with: base))
                })
        default: self
        }
    }
}

extension String {
    /// The text with `$BASE` replaced.
    func replacingBase(with base: String) -> String {
        split(separator: "$BASE", omittingEmptySubsequences: false).joined(separator: base)
    }
}
