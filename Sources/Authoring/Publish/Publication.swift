import Diagnostics
import Federation
import LuaBridge
import Posix

/// A build on its way to where hosts load it from: its immutable files first, the manifest last.
package struct Publication: Sendable {
    private let folder: String
    /// The folder of the version.
    private let versioned: String
    /// The files of the version, by path below the output folder.
    private let assets: [String]
    private let manifest: PublishedManifest
    private let target: any PublishTarget

    /// What a publication does.
    package struct Plan: Sendable {
        /// The paths that are written, in order.
        package let writes: [String]
        /// What changes for hosts, a line each.
        package let changes: [String]
        /// The remote's name and version.
        package let title: String
    }

    /// Reads a build.
    ///
    /// - Throws: ``MFError`` with `BUILD-009` where the folder is no whole build.
    package init(_ folder: String, to target: any PublishTarget) throws {
        (self.folder, self.target) = (folder, target)
        let findings = try BuildCheck(folder, shown: "").findings
        if let first = findings.first { throw MFError.notABuild(folder, "\(first.place): \(first.message)") }
        manifest = try PublishedManifest(try File.read("\(folder)/\(BuiltRemote.manifestName)"))
        versioned = manifest.folder ?? ""
        guard OutputFolder.isVersioned(versioned) else {
            throw MFError.notABuild(folder, "its `publicPath` names no folder of a version")
        }
        assets = try Folder.files(below: "\(folder)/\(versioned)").map { [versioned] in "\(versioned)/\($0)" }
    }

    /// Compares the build with what is live. Nothing is written.
    ///
    /// - Throws: ``MFError`` with `BUILD-010` where the version exists with other contents, `BUILD-011` for what the target
    ///   refuses, a `FETCH` code for what the network does.
    package func plan() async throws -> Plan {
        let liveBytes = try await target.read(BuiltRemote.manifestName)
        let live = liveBytes.flatMap { try? PublishedManifest($0) }
        if let live, live.version == manifest.version, live.hash != manifest.hash {
            throw MFError.versionExists(manifest.version, live.folder ?? "", target.shown)
        }
        let prefix = manifest.version + "-"
        let same = try await target.names()?.first {
            $0.hasPrefix(prefix) && OutputFolder.isVersioned($0) && $0 != versioned
                && $0.utf8.count == versioned.utf8.count
        }
        if let same { throw MFError.versionExists(manifest.version, same, target.shown) }
        var writes: [String] = []
        for path in assets {
            guard let there = try await target.read(path) else {
                writes.append(path)
                continue
            }
            if there != (try bytes(of: path)) { throw MFError.versionExists(manifest.version, path, target.shown) }
        }
        if File.exists("\(folder)/\(BuiltRemote.statsName)") { writes.append(BuiltRemote.statsName) }
        if liveBytes != (try bytes(of: BuiltRemote.manifestName)) { writes.append(BuiltRemote.manifestName) }
        var liveAPI: String?
        if let live, let path = live.apiPath {
            liveAPI = try await target.read(path).map { String(decoding: $0, as: UTF8.self) }
        }
        let api = try manifest.apiPath.map { String(decoding: try bytes(of: $0), as: UTF8.self) }
        return Plan(
            writes: writes, changes: manifest.changes(since: live, api: api, liveAPI: liveAPI),
            title: "\(manifest.name) \(manifest.version)")
    }

    /// Writes what a plan says, and reads each file back.
    ///
    /// - Throws: as ``plan()``; `BUILD-011` where what is read back differs. The manifest is then as it was.
    package func publish(_ plan: Plan, progress: (String) -> Void = { _ in }) async throws {
        for path in plan.writes {
            let content = try bytes(of: path)
            try await target.write(content, to: path)
            guard try await target.read(path) == content else {
                throw MFError.publishFailed(
                    target.shown, path, reason: "what is read back differs from what was written")
            }
            progress(path)
        }
    }

    private func bytes(of path: String) throws -> [UInt8] {
        do { return try File.read("\(folder)/\(path)") } catch { throw MFError.notABuild(folder, "\(path): \(error)") }
    }
}

extension MFError {
    fileprivate static func notABuild(_ folder: String, _ reason: String) -> MFError {
        MFError(
            .notABuild, "`\(folder)` is not a whole build", context: [("reason", reason)],
            hint: "build it with `mflua build`, and publish the folder that it writes")
    }

    fileprivate static func versionExists(_ version: String, _ path: String, _ target: String) -> MFError {
        MFError(
            .versionExists, "version \(version) exists with other contents",
            context: [("path", path), ("target", target)],
            hint: "raise `version` in \(ProjectConfig.fileName), and build again")
    }
}
