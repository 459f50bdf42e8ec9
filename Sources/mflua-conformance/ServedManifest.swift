/// The manifest of a served key, as FORMAT describes it.
struct ServedManifest {
    let key: String
    let spec: JSON
    let base: String

    /// The whole manifest.
    var json: JSON {
        let name = spec["name"]?.text ?? key
        let manifest = spec["manifest"] ?? .object([])
        let whole = JSON.make(
            ("id", .string(name)),
            ("name", .string(name)),
            ("metaData", metaData(name: name, manifest: manifest)),
            ("shared", .array((manifest["shared"]?.elements ?? []).map(Self.shared))),
            ("remotes", .array((manifest["remotes"]?.elements ?? []).map(Self.remote))),
            ("exposes", .array((spec["exposes"]?.members ?? []).map { expose($0.key, name: name, manifest: manifest) }))
        )
        return whole.removing(Self.names(manifest["omit"]))
    }

    private func metaData(name: String, manifest: JSON) -> JSON {
        JSON.make(
            ("name", .string(name)),
            ("type", "app"),
            ("buildInfo", .make(("buildVersion", spec["buildVersion"] ?? ""), ("buildName", .string(name)))),
            (
                "remoteEntry",
                .make(("name", "remoteEntry.js"), ("path", manifest["entryPath"] ?? ""), ("type", "global"))
            ),
            ("types", .make(("path", ""), ("name", ""), ("zip", ""), ("api", ""))),
            ("globalName", spec["globalName"] ?? .string(name)),
            ("pluginVersion", "0.0.0"),
            ("publicPath", manifest["publicPath"] ?? .string("\(base)/\(key)/"))
        )
        .merging(manifest["meta"]?.members ?? [])
        .removing(Self.names(manifest["omitMeta"]))
    }

    private func expose(_ path: String, name: String, manifest: JSON) -> JSON {
        let short = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        return JSON.make(
            ("id", .string("\(name):\(short)")), ("name", .string(short)), ("path", .string(path)),
            ("assets", Self.assets(manifest["assets"]?[path])))
    }

    private static func shared(_ item: JSON) -> JSON {
        JSON.make(
            ("id", item["name"]), ("name", item["name"]), ("version", item["version"]),
            ("singleton", item["singleton"] ?? .boolean(false)),
            ("requiredVersion", item["requiredVersion"] ?? .string("^\(item["version"]?.text ?? "0")")),
            ("assets", assets(item["assets"]))
        ).merging(item.members.filter { !["name", "version", "assets"].contains($0.key) })
    }

    private static func remote(_ item: JSON) -> JSON {
        JSON.make(
            ("federationContainerName", item["name"]), ("moduleName", item["name"]), ("alias", item["name"])
        ).merging(item.members)
    }

    /// The lists of an asset entry; those that are not given are empty.
    private static func assets(_ given: JSON?) -> JSON {
        func lists(_ kind: String) -> JSON {
            .make(("sync", given?[kind]?["sync"] ?? []), ("async", given?[kind]?["async"] ?? []))
        }
        return .make(("js", lists("js")), ("css", lists("css")))
    }

    private static func names(_ list: JSON?) -> [String] {
        (list?.elements ?? []).compactMap(\.text)
    }
}
