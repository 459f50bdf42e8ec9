import Diagnostics
import EventLoops
import Federation
import LuaBridge
import Posix

/// Runs `module-federation.config.lua` where it can do nothing but return a table, and reads the table.
enum ConfigReader {
    private static let maximumSize = 1 << 20
    private static let limits = LuaLimits(memory: 16 << 20, cpu: .seconds(1))

    /// - Throws: ``MFError`` with `BUILD-001` where there is no such file, `BUILD-002` where it is wrong.
    static func read(_ path: String) throws -> ProjectConfig {
        guard File.exists(path) else { throw MFError.configMissing(path) }
        let source: [UInt8]
        do { source = try File.readRegular(path, upTo: maximumSize + 1) } catch {
            throw MFError.configUnreadable(path, reason: error.description)
        }
        guard source.count <= maximumSize else {
            throw MFError.configUnreadable(path, reason: "it is larger than 1 MB")
        }
        let loop = try EventLoop.start(name: "mflua.config")
        defer { loop.stop() }
        return try loop.runAndWait { try read(source, path: path, loop: loop) }
    }

    private static func read(_ source: [UInt8], path: String, loop: EventLoop) throws -> ProjectConfig {
        let state = try LuaState(loop: loop, configuration: .tenant(limits))
        defer { state.close() }
        let result: LuaValue
        do {
            // The clock would make each build another one.
            try state.globals.rawSet("os", .nil)
            let chunk = try state.load(source, name: "@" + ProjectConfig.fileName)
            result = try state.call(chunk).first ?? .nil
        } catch let error as MFError {
            throw MFError.configFailed(path, cause: error)
        }
        guard result.luaTypeName == "table" else { throw MFError.configNotATable(path, found: result) }
        var checker = OptionChecker()
        let values = try ConfigKeys.all.check(result, &checker)
        if checker.problems.isEmpty { try checkShares(values, &checker) }
        guard checker.problems.isEmpty else { throw MFError.configInvalid(path, checker.problems) }
        return try ProjectConfig(values)
    }

    /// What keys say together.
    private static func checkShares(_ values: OptionValues, _ checker: inout OptionChecker) throws {
        for (key, value) in try values["shared"].sortedEntries() {
            try checker.inside(.option("shared")) { checker in
                try checker.inside(.name(key)) { checker in
                    let shared = try value.entryTable()
                    if shared["import"] == nil {
                        checker.note(
                            "has no `import`", hint: "write `import = \"path/of/file.lua\"`, or `import = false`")
                    } else if shared["import"]?.stringValue != nil, shared["version"] == nil {
                        checker.note("is brought along without a `version`", hint: "add `version = \"1.0.0\"`")
                    }
                }
            }
        }
    }
}

extension ProjectConfig {
    fileprivate init(_ values: OptionValues) throws {
        name = values["name"].stringValue ?? ""
        version = values["version"].stringValue ?? ""
        exposes = try values["exposes"].sortedEntries().map { key, value in
            Expose(key: key, file: (value.stringValue ?? "").withoutDotSlash)
        }
        shared = try values["shared"].sortedEntries().map { name, value in
            let fields = try value.entryTable()
            let version = fields["version"]?.stringValue
            return Shared(
                name: name, version: version,
                requiredVersion: fields["requiredVersion"]?.stringValue
                    ?? (fields["requiredVersion"] == nil ? version.map { "^\($0)" } : nil) ?? "*",
                isSingleton: fields["singleton"]?.boolValue ?? false,
                isStrict: fields["strictVersion"]?.boolValue ?? false,
                isEager: fields["eager"]?.boolValue ?? false,
                file: fields["import"]?.stringValue?.withoutDotSlash)
        }
        remotes = try values["remotes"].sortedEntries().map { alias, value in
            let (name, entry) = Remote.parts(of: value.stringValue ?? "")
            return Remote(alias: alias, name: name ?? alias, entry: entry)
        }
        include = try values["include"].texts().map(\.withoutDotSlash)
        external = try values["external"].texts()
        writesTypes = values["dts"].boolValue ?? true
        let path = values["publicPath"].stringValue
        publicPath = path == "auto" ? nil : path
    }
}

extension LuaValue {
    /// The entries of a table with names as keys, sorted by them.
    fileprivate func sortedEntries() throws -> [(key: String, value: LuaValue)] {
        try (luaEntries() ?? []).compactMap { entry in entry.key.stringValue.map { ($0, entry.value) } }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    fileprivate func entryTable() throws -> [String: LuaValue] {
        Dictionary(try sortedEntries()) { first, _ in first }
    }

    fileprivate func texts() throws -> [String] { try (luaElements() ?? []).compactMap(\.stringValue) }
}

extension String {
    /// A relative path without `./` in front.
    var withoutDotSlash: String {
        var rest = self[...]
        while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
        return String(rest)
    }
}

extension MFError {
    fileprivate static func configMissing(_ path: String) -> MFError {
        MFError(
            .configMissing, "no `\(path.withoutDotSlash)`",
            hint: "name the folder of a remote, or make one: `mflua new remote NAME`")
    }

    fileprivate static func configUnreadable(_ path: String, reason: String) -> MFError {
        MFError(.configInvalid, "cannot read `\(path.withoutDotSlash)`", context: [("reason", reason)])
    }

    /// The file does not compile, raises an error, or goes over a limit.
    fileprivate static func configFailed(_ path: String, cause: MFError) -> MFError {
        MFError(
            .configInvalid, "`\(path.withoutDotSlash)` failed: \(cause.message)",
            hint: "it runs without I/O, modules and clock, and returns a table", cause: cause)
    }

    fileprivate static func configNotATable(_ path: String, found: LuaValue) -> MFError {
        MFError(
            .configInvalid, "`\(path.withoutDotSlash)` returned no table but \(found.luaTypeName)",
            hint: "write `return { name = …, version = …, exposes = … }`")
    }

    fileprivate static func configInvalid(_ path: String, _ problems: [OptionProblem]) -> MFError {
        MFError(
            .configInvalid, "`\(path.withoutDotSlash)`: \(problems.map(\.text).joined(separator: "; "))",
            context: [("key", problems.first?.path)],
            hint: problems.lazy.compactMap(\.hint).first ?? "`mflua explain BUILD-002` shows an example")
    }
}
