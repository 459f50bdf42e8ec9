import Federation
import LuaBridge

/// What publishing needs of a manifest.
struct PublishedManifest: Sendable {
    let name: String
    let version: String
    let hash: String?
    /// The folder of the version.
    let folder: String?
    /// Where the types of the API are, below the manifest's folder.
    let apiPath: String?
    private let exposes: [String: String]
    private let shared: [String: String]

    /// - Throws: ``MFError`` with `RUNTIME-013` for what is no manifest, `LUA-006` for what is no JSON.
    init(_ bytes: [UInt8]) throws {
        let manifest = try Manifest(try JSON.decode(bytes))
        let raw = try manifest.raw.record
        name = manifest.name ?? manifest.metaData.name ?? ""
        version = manifest.metaData.buildVersion ?? ""
        let build = try raw["metaData"].record["buildInfo"].record
        hash = build["hash"].stringValue
        folder = manifest.metaData.publicPath?.split(separator: "/").last.map(String.init)
        let api = manifest.metaData.types.api
        apiPath = api.isEmpty ? nil : (folder.map { $0 + "/" } ?? "") + api
        exposes = try Self.table(raw["exposes"]) { $0["hash"].stringValue ?? "" }
        shared = try Self.table(raw["shared"]) { share in
            let version = share["version"].stringValue ?? ""
            return "\(share["requiredVersion"].stringValue ?? "*")" + (version.isEmpty ? "" : ", brings \(version)")
        }
    }

    private static func table(_ list: LuaValue, _ text: (LuaRecord) -> String) throws -> [String: String] {
        Dictionary(
            try (try list.luaElements() ?? []).map { ($0, try $0.record) }.map { _, record in
                (record["name"].stringValue ?? "", text(record))
            }
        ) { $1 }
    }

    /// What changes for hosts, a line each.
    func changes(since live: PublishedManifest?, api: String?, liveAPI: String?) -> [String] {
        guard let live else { return ["first version: \(version)"] }
        var lines = live.version == version ? [] : ["version: \(live.version) → \(version)"]
        for name in Set(exposes.keys).union(live.exposes.keys).sorted() {
            switch (live.exposes[name], exposes[name]) {
            case (nil, _?): lines.append("exposes: + ./\(name)")
            case (_?, nil): lines.append("exposes: - ./\(name)")
            case (let old, let new): if old != new { lines.append("exposes: ~ ./\(name)") }
            }
        }
        for name in Set(shared.keys).union(live.shared.keys).sorted() {
            switch (live.shared[name], shared[name]) {
            case (nil, let new?): lines.append("shared: + \(name) \(new)")
            case (let old?, nil): lines.append("shared: - \(name) \(old)")
            case (let old?, let new?): if old != new { lines.append("shared: ~ \(name) \(old) → \(new)") }
            default: break
            }
        }
        let (old, new) = (Self.functions(of: liveAPI), Self.functions(of: api))
        lines +=
            old.subtracting(new).sorted().map { "api: - \($0)" } + new.subtracting(old).sorted().map { "api: + \($0)" }
        return lines
    }

    /// The functions that stubs declare.
    private static func functions(of api: String?) -> Set<String> {
        Set(
            (api ?? "").split(separator: "\n").filter { $0.hasPrefix("function ") }.map { line in
                String(line.dropFirst("function _".count).dropLast(line.hasSuffix(" end") ? 4 : 0))
            })
    }
}

extension LuaValue {
    /// The fields of an object; none for other values.
    fileprivate var record: LuaRecord {
        get throws { if case .record(let record) = self { record } else { LuaRecord() } }
    }
}
