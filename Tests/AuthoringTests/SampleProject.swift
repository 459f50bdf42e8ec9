import TestSupport

@testable import Authoring

/// The files of a small remote in a folder of their own.
struct SampleProject {
    let folder: TemporaryFolder

    /// Two exposes with a file that both need.
    static let files = [
        "module-federation.config.lua": """
        return {
          name = "checks", version = "1.4.0",
          exposes = { ["./disk"] = "src/disk.lua", ["./memory"] = "src/memory.lua" },
        }
        """,
        "src/disk.lua": "local units = require(\"units\")\nreturn { usage = function() return units.percent(90) end }",
        "src/memory.lua": "local units = require \"units\"\nreturn { usage = function() return units.percent(10) end }",
        "src/units.lua": "return { percent = function(n) return n .. \" %\" end }",
    ]

    /// - Parameter changes: Files besides those, or in their place; nil takes one away.
    init(_ changes: [String: String?] = [:]) throws {
        folder = try TemporaryFolder()
        let all = Self.files.mapValues(Optional.init).merging(changes, uniquingKeysWith: { $1 })
        for (path, text) in all {
            if let text { try folder.write(path, text) }
        }
    }

    /// A project of one expose, with keys of its configuration.
    init(disk: String, keys: String = "", others: [String: String?] = [:]) throws {
        let config = """
            return { name = "checks", version = "1.4.0", exposes = { ["./disk"] = "src/disk.lua" }, \(keys) }
            """
        let own: [String: String?] = [ProjectConfig.fileName: config, "src/disk.lua": disk, "src/memory.lua": nil]
        try self.init(others.merging(own, uniquingKeysWith: { $1 }))
    }

    var project: Project { get throws { try Project(folder: folder.path) } }
    func build() throws -> BuiltRemote { try BuiltRemote(try project) }

    func sources() throws -> RemoteSources { try RemoteSources(of: try project) }

    /// What is wrong with the sources.
    func findings() throws -> [SourceFinding] { try sources().findings }
}
