import Diagnostics
import EventLoops
import LuaBridge
import OrderedCollections
import Posix
import Semver

/// Looks for what is wrong with a folder of Lua sources. Nothing of them runs but the configuration.
package struct ProjectCheck: Sendable {
    private let folder: String
    private let output: String
    package private(set) var findings: [SourceFinding] = []
    /// How many Lua files were looked at.
    package private(set) var files = 0

    /// Checks a folder: a remote's, a host's, a plugin's, or one that was built.
    ///
    /// - Parameter output: The folder of the last build, relative to the folder; checked if it is there.
    /// - Throws: ``MFError`` with `CLI-004` where there is no such folder, `BUILD-005` where digests cannot be computed.
    package init(_ folder: String, output: String = "dist") throws {
        (self.folder, self.output) = (folder, output)
        guard Folder.isFolder(folder) else { throw MFError.nothingToCheck(folder) }
        var ofRemote: Set<String> = []
        if File.exists("\(folder)/\(ProjectConfig.fileName)") {
            do {
                ofRemote = try check(try Project(folder: folder))
            } catch let error as MFError where error.code == .configInvalid {
                findings.append(.init(.config, ProjectConfig.fileName, error.message, hint: error.hint))
            }
        }
        try checkSources(ofRemote: ofRemote)
        if File.exists("\(folder)/\(BuiltRemote.manifestName)") {
            findings += try BuildCheck(folder, shown: "").findings
        } else if File.exists("\(folder)/\(output)/\(BuiltRemote.manifestName)") {
            findings += try BuildCheck("\(folder)/\(output)", shown: output).findings
        }
        findings = Array(OrderedSet(findings.sorted(by: SourceFinding.isBefore)))
    }

    // MARK: - The remote

    /// What a build would say, and what the configuration says that the sources do not.
    ///
    /// - Returns: The sources that run as part of the remote.
    private mutating func check(_ project: Project) throws -> Set<String> {
        let config = project.config
        let sources = try RemoteSources(of: project)
        findings += sources.findings
        let shares = Set(sources.parts.values.flatMap(\.shares))
        let external = Set(sources.parts.values.flatMap(\.external))
        let requests = sources.parts.values.flatMap(\.remotes)
        for shared in config.shared {
            if let version = shared.version.flatMap(Version.init(completing:)), shared.file != nil,
                let range = VersionRange(shared.requiredVersion), !range.isSatisfied(by: version)
            {
                note(
                    .ranges,
                    "`shared[\"\(shared.name)\"]`: its version \(version) is not in `\(shared.requiredVersion)`",
                    hint: "change `version` or `requiredVersion`")
            }
            if shared.file == nil, !shares.contains(shared.name) {
                note(.unused, "`shared[\"\(shared.name)\"]` is declared, and no source loads it", hint: "remove it")
            }
        }
        for remote in config.remotes
        where !requests.contains(where: { config.remote(of: $0)?.remote.alias == remote.alias }) {
            note(.unused, "`remotes[\"\(remote.alias)\"]` is declared, and no source loads it", hint: "remove it")
        }
        for name in config.external where !external.contains(where: ModulePattern(name).matches) {
            note(.unused, "`external` lists `\(name)`, and no source requires it", hint: "remove it")
        }
        return Set(sources.parts.values.map(\.source))
    }

    private mutating func note(_ rule: SourceFinding.Rule, _ message: String, hint: String? = nil) {
        findings.append(.init(rule, ProjectConfig.fileName, message, hint: hint))
    }

    // MARK: - All sources

    private mutating func checkSources(ofRemote: Set<String>) throws {
        let paths = ((try? Folder.files(below: folder, skipping: [output])) ?? []).filter { path in
            path.hasSuffix(".lua") && path != ProjectConfig.fileName && !isBuilt(path)
        }
        files = paths.count
        let folder = folder
        let loop = try EventLoop.start(name: "mflua.check")
        defer { loop.stop() }
        findings += try loop.runAndWait {
            let state = try LuaState(loop: loop)
            defer { state.close() }
            return try paths.flatMap { path -> [SourceFinding] in
                let source: [UInt8]
                do throws(SourceFailure) { source = try SourceReader.bytes(at: "\(folder)/\(path)", of: path) } catch {
                    return [error.finding]
                }
                do {
                    let uses = try GlobalUses(of: source, in: state)
                    let known = KnownGlobals.of(path, isOfRemote: ofRemote.contains(path))
                    return Self.findings(uses, in: path, known: known)
                        + DeclarationCheck(path: path, source: source, folder: folder).findings
                } catch let error as MFError where error.code == .luaSyntax {
                    return [SourceReader.finding(error, in: path)]
                }
            }
        }
    }

    /// Whether a file is part of a build that lies in the folder, and no source.
    private func isBuilt(_ path: String) -> Bool {
        guard let first = path.split(separator: "/").first, path.contains("/") else { return false }
        return OutputFolder.isVersioned(String(first))
    }

    private static func findings(_ uses: GlobalUses, in path: String, known: Set<String>) -> [SourceFinding] {
        var assigned: Set<String> = []
        var findings: [SourceFinding] = []
        for use in uses.uses where use.isAssignment {
            assigned.insert(use.name)
            let isKnown = known.contains(use.name)
            findings.append(
                .init(
                    .globals, path, line: use.line,
                    isKnown ? "assigns the global `\(use.name)`, which others use" : "assigns the global `\(use.name)`",
                    hint: "write `local \(use.name)`, or `_G.\(use.name)` where a global is meant"))
        }
        for use in uses.uses where !use.isAssignment && !known.contains(use.name) && !assigned.contains(use.name) {
            let isOfHosts = KnownGlobals.host.contains(use.name)
            findings.append(
                .init(
                    .globals, path, line: use.line,
                    isOfHosts ? "a remote has no global `\(use.name)`" : "there is no global `\(use.name)`",
                    hint: use.name.closestMatch(in: known.sorted()).map { "did you mean `\($0)`?" }
                        ?? "declare it with `local`, or write `_G.\(use.name)` where a global is meant"))
        }
        return findings
    }
}

extension MFError {
    fileprivate static func nothingToCheck(_ folder: String) -> MFError {
        MFError(.folderMissing, "no folder `\(folder)`", hint: "give the folder of a remote, a host or a plugin")
    }
}
