import Diagnostics
import LuaBridge
import Posix

/// The folder that builds are written into: one immutable folder for each version, and the manifest, which says which
/// version is current and is replaced last.
package struct OutputFolder: Sendable {
    /// Where it is.
    package let path: String

    private static let stagePrefix = ".mflua-build-"

    /// The output folder of a project.
    ///
    /// - Throws: ``MFError`` with `BUILD-004` for a folder that holds the project.
    package init(_ path: String, of project: Project) throws {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.path = trimmed
        let own = ["", ".", "/"].contains(trimmed) || Self.isSame(trimmed, project.folder)
        let holdsProject = File.exists(trimmed + "/" + ProjectConfig.fileName)
        if own || holdsProject { throw MFError.outputHoldsSources(path) }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool { a.withoutDotSlash == b.withoutDotSlash }

    /// Writes a build: its folder first, the manifest last. A build that fails leaves the folder as it was.
    ///
    /// - Parameter keepsPrevious: Whether the folder that was current stays for hosts that are in the middle of loading it.
    /// - Throws: ``MFError`` with `BUILD-004`.
    package func write(_ remote: BuiltRemote, keepsPrevious: Bool = false) throws {
        do {
            try FileTree.makeFolder(path)
            try Folder.locked(path) { try writeLocked(remote, keepsPrevious: keepsPrevious) }
        } catch let error as Errno {
            throw MFError.outputFailed(path, error)
        }
    }

    private func writeLocked(_ remote: BuiltRemote, keepsPrevious: Bool) throws {
        let previous = currentFolder()
        // What a build left that was stopped.
        for entry in try Folder.entries(of: path) where entry.name.hasPrefix(Self.stagePrefix) {
            _ = try FileTree.remove("\(path)/\(entry.name)", recursively: true)
        }
        guard !isCurrent(remote) else { return }
        let stage = try Folder.makeUnique("\(path)/\(Self.stagePrefix)")
        defer { _ = try? FileTree.remove(stage, recursively: true) }
        let staged = "\(stage)/\(remote.folder)"
        try FileTree.makeFolder(staged, mode: 0o755)
        for asset in remote.assets {
            let file = "\(staged)/\(asset.path)"
            if let slash = asset.path.lastIndex(of: "/") {
                try FileTree.makeFolder("\(staged)/\(asset.path[..<slash])", mode: 0o755)
            }
            try File.write(asset.bytes, to: file, mode: 0o644)
        }
        try File.write(remote.stats, to: "\(stage)/\(BuiltRemote.statsName)", mode: 0o644)
        try File.write(remote.manifest, to: "\(stage)/\(BuiltRemote.manifestName)", mode: 0o644)

        let final = "\(path)/\(remote.folder)"
        if File.exists(final) {
            if !isWhole(final, remote) {
                try File.move(final, to: "\(stage)/damaged")
                try File.move(staged, to: final)
            }
        } else {
            try File.move(staged, to: final)
        }
        for name in [BuiltRemote.statsName, BuiltRemote.manifestName] {
            try File.move("\(stage)/\(name)", to: "\(path)/\(name)")
        }
        try removeOld(except: keepsPrevious ? [remote.folder, previous] : [remote.folder])
    }

    /// Whether the folder holds this very build: writing it again would stir those who watch.
    private func isCurrent(_ remote: BuiltRemote) -> Bool {
        (try? File.read("\(path)/\(BuiltRemote.manifestName)")) == remote.manifest
            && (try? File.read("\(path)/\(BuiltRemote.statsName)")) == remote.stats
            && isWhole("\(path)/\(remote.folder)", remote)
    }

    /// Whether a folder that is there already has what it should: somebody may have changed it.
    private func isWhole(_ folder: String, _ remote: BuiltRemote) -> Bool {
        guard (try? Folder.files(below: folder)) == remote.assets.map(\.path) else { return false }
        return remote.assets.allSatisfy { (try? File.read("\(folder)/\($0.path)")) == $0.bytes }
    }

    /// The folder that the manifest names.
    private func currentFolder() -> String? {
        guard let bytes = try? File.read("\(path)/\(BuiltRemote.manifestName)"),
            case .record(let manifest)? = try? JSON.decode(bytes), case .record(let metaData) = manifest["metaData"],
            let publicPath = metaData["publicPath"].stringValue
        else { return nil }
        return publicPath.split(separator: "/").last.map(String.init)
    }

    /// Removes the folders of other builds: those whose names are of their form and that hold an entry.
    private func removeOld(except kept: [String?]) throws {
        for entry in try Folder.entries(of: path) where entry.isFolder && !kept.contains(entry.name) {
            guard Self.isVersioned(entry.name), File.exists("\(path)/\(entry.name)/\(ProjectConfig.entryName)") else {
                continue
            }
            _ = try FileTree.remove("\(path)/\(entry.name)", recursively: true)
        }
    }

    /// Whether a name is a version, a hyphen and eight hexadecimal digits.
    static func isVersioned(_ name: String) -> Bool {
        let digits = name.suffix(8)
        return digits.utf8.count == 8 && digits.allSatisfy { $0.isHexDigit && !$0.isUppercase }
            && name.dropLast(8).hasSuffix("-") && name.first?.isNumber == true
    }
}

extension MFError {
    fileprivate static func outputHoldsSources(_ path: String) -> MFError {
        MFError(
            .outputUnusable, "cannot write into `\(path)`: it is a folder of sources",
            hint: "name a folder of its own, such as `--out dist`")
    }

    fileprivate static func outputFailed(_ path: String, _ reason: Errno) -> MFError {
        MFError(
            .outputUnusable, "cannot write into `\(path)`", context: [("reason", reason.description)],
            hint: "check its permissions with `ls -ld \(path)`, the disk with `df`")
    }
}
