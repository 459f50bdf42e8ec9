import Diagnostics
public import LuaBridge

extension Manifest {
    /// Reads a manifest from decoded JSON, or from a table of the same form.
    ///
    /// - Throws: ``MFError`` with `RUNTIME-013`. When `metaData`, `exposes` or `shared` is missing, its context has the key
    ///   `missing` with their names; otherwise `path`, `expected` and `found` say what is wrong where, indices counted
    ///   from 0 as in JSON.
    public init(_ value: LuaValue) throws {
        do {
            try self.init(reading: value)
        } catch let error as MFError where error.code == .luaConversion {
            throw MFError.manifestMismatch(error)
        }
    }

    /// The fields without which it is none.
    static let required = ["metaData", "exposes", "shared"]

    private init(reading value: LuaValue) throws {
        let fields = try value.manifestFields()
        let missing = Self.required.filter { fields[$0].isMissing }
        guard missing.isEmpty else { throw MFError.manifestLacks(missing) }
        id = try fields.text("id")
        name = try fields.text("name")
        metaData = try fields.read("metaData", MetaData.init)
        shared = try fields.list("shared", Shared.init)
        remotes = try fields.list("remotes", Remote.init)
        exposes = try fields.list("exposes", Expose.init)
        raw = value
    }
}

extension Manifest.MetaData {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        let build = try fields.read("buildInfo") { try $0.manifestFields() }
        name = try fields.text("name")
        type = try fields.text("type")
        buildVersion = try build.text("buildVersion", in: "buildInfo")
        buildName = try build.text("buildName", in: "buildInfo")
        remoteEntry = try fields.read("remoteEntry", Manifest.Entry.init)
        ssrRemoteEntry = try fields.readIfPresent("ssrRemoteEntry", Manifest.Entry.init)
        types = try fields.readIfPresent("types", Manifest.Types.init) ?? Manifest.Types()
        globalName = try fields.text("globalName")
        pluginVersion = try fields.text("pluginVersion")
        publicPath = try fields.text("publicPath")
        ssrPublicPath = try fields.text("ssrPublicPath")
        getPublicPath = try fields.text("getPublicPath")
    }
}

extension Manifest.Entry {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        path = try fields.text("path") ?? ""
        name = try fields.text("name") ?? ""
        type = try fields.text("type")
    }
}

extension Manifest.Types {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        path = try fields.text("path") ?? ""
        name = try fields.text("name") ?? ""
        zip = try fields.text("zip") ?? ""
        api = try fields.text("api") ?? ""
    }
}

extension Manifest.Shared {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        name = try fields.read("name", String.fromLua)
        version = try fields.text("version")
        assets = try fields.readIfPresent("assets", Manifest.Assets.init) ?? Manifest.Assets()
        referenceExports = try fields.list("referenceExports", String.fromLua)
    }
}

extension Manifest.Remote {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        let named = try fields.text("federationContainerName") ?? fields.text("moduleName") ?? fields.text("alias")
        federationContainerName = try named ?? fields.read("federationContainerName", String.fromLua)
        alias = try fields.text("alias")
        entry = try fields.text("entry")
        version = try fields.text("version")
    }
}

extension Manifest.Expose {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        path = try fields.text("path")
        let named = try fields.text("name") ?? path.map { $0.hasPrefix("./") ? String($0.dropFirst(2)) : $0 }
        name = try named ?? fields.read("name", String.fromLua)
        assets = try fields.readIfPresent("assets", Manifest.Assets.init) ?? Manifest.Assets()
    }
}

extension Manifest.Assets {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        js = try fields.readIfPresent("js", Manifest.AssetGroup.init) ?? Manifest.AssetGroup()
        css = try fields.readIfPresent("css", Manifest.AssetGroup.init) ?? Manifest.AssetGroup()
    }
}

extension Manifest.AssetGroup {
    init(_ value: LuaValue) throws {
        let fields = try value.manifestFields()
        sync = try fields.list("sync", String.fromLua)
        async = try fields.list("async", String.fromLua)
    }
}

// MARK: - Reading fields

extension LuaValue {
    /// Absent in the sense of Module Federation's own check: nothing, `false`, zero and the empty string.
    fileprivate var isMissing: Bool {
        switch self {
        case .nil, .null, .boolean(false), .integer(0): true
        case .number(let number): number == 0
        case .string(let text): text.isEmpty
        default: false
        }
    }

    /// The fields of an object.
    fileprivate func manifestFields() throws -> LuaRecord {
        if case .record(let record) = self { return record }
        guard let entries = try luaEntries(), (try? luaElements())?.isEmpty != false else {
            throw MFError.mismatch(expected: "table", found: self)
        }
        return LuaRecord(entries.map { LuaRecord.Entry(key: $0.key, value: $0.value) })
    }
}

extension LuaRecord {
    /// A field that has to be there.
    fileprivate func read<Value>(_ key: String, _ make: (LuaValue) throws -> Value) throws -> Value {
        do {
            return try make(self[key])
        } catch let error as MFError {
            throw error.inside(key)
        }
    }

    /// A field that may be left out.
    fileprivate func readIfPresent<Value>(_ key: String, _ make: (LuaValue) throws -> Value) throws -> Value? {
        let value = self[key]
        guard !value.isNothing else { return nil }
        do {
            return try make(value)
        } catch let error as MFError {
            throw error.inside(key)
        }
    }

    fileprivate func text(_ key: String) throws -> String? {
        try readIfPresent(key, String.fromLua)
    }

    fileprivate func text(_ key: String, in parent: String) throws -> String? {
        do {
            return try text(key)
        } catch let error as MFError {
            throw error.inside(parent)
        }
    }

    /// A list; empty when it is left out.
    fileprivate func list<Element>(_ key: String, _ make: (LuaValue) throws -> Element) throws -> [Element] {
        try readIfPresent(key) { value in
            guard let elements = try value.luaElements() else { throw MFError.mismatch(expected: "list", found: value) }
            var result: [Element] = []
            result.reserveCapacity(elements.count)
            for (index, element) in elements.enumerated() {
                do {
                    result.append(try make(element))
                } catch let error as MFError {
                    throw error.inside(index: index)
                }
            }
            return result
        } ?? []
    }
}

extension MFError {
    /// A manifest lacks the fields without which it is none.
    static func manifestLacks(_ fields: [String]) -> MFError {
        let names = fields.map { "`\($0)`" }.joined(separator: ", ")
        return MFError(
            .manifestInvalid, "it lacks \(names)", context: [("missing", fields.joined(separator: ", "))],
            hint: "is this the right URL? a manifest has `metaData`, `exposes` and `shared`")
    }

    /// A field of a manifest has a wrong type, or is missing.
    static func manifestMismatch(_ mismatch: MFError) -> MFError {
        MFError(
            .manifestInvalid, mismatch.message,
            context: [
                ("path", mismatch["path"]), ("expected", mismatch["expected"]), ("found", mismatch["found"]),
            ],
            hint: "build the remote with a tool that writes `mf-manifest.json`", cause: mismatch)
    }
}
