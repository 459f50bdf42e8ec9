import Diagnostics
import Federation
import LuaBridge
import Posix

/// Compares a manifest with the files beside it.
struct BuildCheck {
    private(set) var findings: [SourceFinding] = []
    private let folder: String
    private let shown: String

    /// - Parameters:
    ///   - folder: The folder of the manifest.
    ///   - shown: How the folder is named in findings; empty for the project's own.
    init(_ folder: String, shown: String) throws {
        (self.folder, self.shown) = (folder, shown.isEmpty ? "" : shown + "/")
        let path = BuiltRemote.manifestName
        do {
            let manifest = try Manifest(try JSON.decode(try File.read("\(folder)/\(path)")))
            try check(manifest)
        } catch let error as MFError where error.code != .digestUnavailable {
            note(path, error.message, hint: error.hint)
        } catch let error as Errno {
            note(path, "cannot be read: \(error)")
        }
    }

    private mutating func note(_ path: String, _ message: String, hint: String? = "build again: `mflua build`") {
        findings.append(SourceFinding(.build, shown + path, message, hint: hint))
    }

    private mutating func check(_ manifest: Manifest) throws {
        let base: String
        switch manifest.metaData.publicPath {
        case nil, "auto", "": base = ""
        case let path? where path.contains("://") || path.hasPrefix("/"):
            // Of an absolute URL the last folder is the one that a build writes.
            base = path.split(separator: "/").last.map { "\($0)/" } ?? ""
        case let path?: base = path
        }
        let entry = Remote.joinEntry(path: manifest.metaData.remoteEntry.path, name: manifest.metaData.remoteEntry.name)
        let groups = (manifest.exposes.map(\.assets) + manifest.shared.map(\.assets)).flatMap { [$0.js, $0.css] }
        var listed = Set([entry] + groups.flatMap { $0.sync + $0.async })
        for name in [manifest.metaData.types.zip, manifest.metaData.types.api] where !name.isEmpty {
            listed.insert(name)
        }
        let digests = Self.integrity(in: manifest.raw)
        for file in listed.union(digests.keys).sorted() {
            guard let bytes = try? File.read("\(folder)/\(base)\(file)") else {
                note(base + file, "is listed in \(BuiltRemote.manifestName), and is not there")
                continue
            }
            guard let expected = digests[file] else {
                if !digests.isEmpty { note(base + file, "has no `integrity` in \(BuiltRemote.manifestName)") }
                continue
            }
            if try AssetDigest(of: bytes).integrity != expected {
                note(base + file, "differs from its `integrity` in \(BuiltRemote.manifestName)")
            }
        }
        guard !base.isEmpty, let files = try? Folder.files(below: folder + "/" + base.dropLast()) else { return }
        for file in files where !listed.contains(file) && digests[file] == nil {
            note(base + file, "is not listed in \(BuiltRemote.manifestName)")
        }
    }

    private static func integrity(in manifest: LuaValue) -> [String: String] {
        guard case .record(let fields) = manifest, case .record(let digests) = fields["integrity"] else { return [:] }
        return Dictionary(
            digests.entries.compactMap { entry in
                guard let path = entry.key.stringValue, let value = entry.value.stringValue else { return nil }
                return (path, value)
            }
        ) { $1 }
    }
}
