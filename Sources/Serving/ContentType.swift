/// The media type of a file, by the end of its name.
enum ContentType {
    private static let types: [String: String] = [
        "lua": "text/x-lua; charset=utf-8",
        "json": "application/json",
        "map": "application/json",
        "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "txt": "text/plain; charset=utf-8",
        "log": "text/plain; charset=utf-8",
        "md": "text/markdown; charset=utf-8",
        "html": "text/html; charset=utf-8",
        "xml": "application/xml",
        "yaml": "application/yaml",
        "yml": "application/yaml",
        "svg": "image/svg+xml",
        "png": "image/png",
        "jpg": "image/jpeg",
        "gif": "image/gif",
        "ico": "image/x-icon",
        "wasm": "application/wasm",
        "gz": "application/gzip",
        "zip": "application/zip",
    ]

    static func of(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return "application/octet-stream" }
        return types[name[name.index(after: dot)...].lowercased()] ?? "application/octet-stream"
    }
}
