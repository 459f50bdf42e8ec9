/// File names, without Foundation.
enum Paths {
    /// The folder of a file, `.` where the name has none.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// A path below a folder, unless it is absolute.
    static func join(_ folder: String, _ path: String) -> String {
        if path.hasPrefix("/") || folder == "." { return path }
        return folder + "/" + (path.hasPrefix("./") ? path.dropFirst(2) : path[...])
    }
}
