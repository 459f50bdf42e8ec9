import Glibc
import Posix

/// The folder in which the stores of one attack's tenant are kept.
struct StateArena {
    let path: String

    init() throws {
        var template = Array("/tmp/mflua-attack-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.last }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A file that is no store of a tenant's plugin; nil where there is none.
    func foreignFile() throws -> String? {
        for top in try Folder.entries(of: path) {
            guard top.name == "plugins", top.isFolder else { return top.name }
            for host in try Folder.entries(of: "\(path)/plugins") {
                for file in try Folder.entries(of: "\(path)/plugins/\(host.name)")
                where file.name != "lock" && !file.name.hasPrefix("tenant.") {
                    return file.name
                }
            }
        }
        return nil
    }

    func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        for entry in (try? Folder.entries(of: path)) ?? [] {
            let inner = "\(path)/\(entry.name)"
            if entry.isFolder { remove(inner) } else { unlink(inner) }
        }
        rmdir(path)
    }
}
