internal import Glibc

/// Lists folders. The calls block.
package enum Folder {
    /// One name in a folder.
    package struct Entry: Sendable {
        package let name: String
        /// Whether it is a folder itself; a symbolic link to one is not.
        package let isFolder: Bool
    }

    /// What a folder holds, in the order of the names, without `.` and `..`.
    package static func entries(of path: String) throws(Errno) -> [Entry] {
        guard let listing = opendir(path) else { throw .last }
        defer { closedir(listing) }
        var entries: [Entry] = []
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            entries.append(Entry(name: name, isFolder: entry.pointee.d_type == UInt8(DT_DIR)))
        }
        return entries.sorted { $0.name < $1.name }
    }

    /// The names in a folder that end in a suffix, sorted.
    package static func names(in path: String, endingIn suffix: String) throws(Errno) -> [String] {
        try entries(of: path).map(\.name).filter { $0.hasSuffix(suffix) }
    }
}
