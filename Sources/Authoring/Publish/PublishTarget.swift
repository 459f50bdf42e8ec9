package import Fetch
import Diagnostics
import Glibc
import Posix

/// Where a build is published to: something that keeps bytes under paths.
package protocol PublishTarget: Sendable {
    /// The bytes under a path; nil where there are none.
    func read(_ path: String) async throws -> [UInt8]?
    /// Stores bytes under a path, whole or not at all.
    func write(_ bytes: [UInt8], to path: String) async throws
    /// The names at the top, where the target can list them.
    func names() async throws -> [String]?
    /// How messages name it.
    var shown: String { get }
}

/// A folder, such as the root of a web server.
package struct FolderTarget: PublishTarget {
    package let path: String
    package var shown: String { path }

    package init(_ path: String) { self.path = path }

    package func read(_ name: String) async throws -> [UInt8]? {
        do { return try File.read("\(path)/\(name)") } catch {
            if error.code == ENOENT || error.code == ENOTDIR { return nil }
            throw MFError.publishFailed(shown, name, reason: error.description)
        }
    }

    package func write(_ bytes: [UInt8], to name: String) async throws {
        let file = "\(path)/\(name)"
        let slash = file.lastIndex(of: "/") ?? file.startIndex
        let (folder, last) = (String(file[..<slash]), file[file.index(after: slash)...])
        // A host that reads meanwhile sees the file as it was, or whole.
        let aside = "\(folder)/.\(last).publishing"
        do {
            try FileTree.makeFolder(folder)
            try File.write(bytes, to: aside, mode: 0o644)
            try File.move(aside, to: file)
        } catch {
            throw MFError.publishFailed(shown, name, reason: error.description)
        }
    }

    package func names() async throws -> [String]? { (try? Folder.entries(of: path).map(\.name)) ?? [] }
}

/// A server that takes files by PUT.
package struct HTTPTarget: PublishTarget {
    private let url: String
    private let headers: [(String, String)]
    private let fetcher: any Fetcher
    package var shown: String { URLParts.redacted(url) }

    /// - Parameters:
    ///   - url: What the paths are appended to.
    ///   - headers: Sent with each request; their values are not shown.
    package init(_ url: String, headers: [(String, String)] = [], fetcher: any Fetcher) {
        self.url = url.hasSuffix("/") ? url : url + "/"
        (self.headers, self.fetcher) = (headers, fetcher)
    }

    private func request(_ method: String, _ path: String, body: [UInt8]? = nil) -> FetchRequest {
        var request = FetchRequest(url: url + path, method: method, headers: headers, body: body)
        request.secretHeaders = Set(headers.map { $0.0.lowercased() })
        request.acceptsAnyStatus = true
        return request
    }

    package func read(_ path: String) async throws -> [UInt8]? {
        var request = request("GET", path)
        // What a cache on the way has kept is not what was written.
        request.headers.append(("Cache-Control", "no-cache"))
        let answer = try await fetcher.fetch(request)
        if answer.status == 404 || answer.status == 410 { return nil }
        guard (200..<300).contains(answer.status) else {
            throw MFError.publishFailed(shown, path, reason: "status \(answer.status) to GET")
        }
        return answer.body
    }

    package func write(_ bytes: [UInt8], to path: String) async throws {
        var request = request("PUT", path, body: bytes)
        request.headers.append(
            ("Content-Type", path.hasSuffix(".json") ? "application/json" : "application/octet-stream"))
        let answer = try await fetcher.fetch(request)
        guard (200..<300).contains(answer.status) else {
            throw MFError.publishFailed(shown, path, reason: "status \(answer.status) to PUT")
        }
    }

    package func names() async throws -> [String]? { nil }
}

extension MFError {
    static func publishFailed(_ target: String, _ path: String, reason: String) -> MFError {
        MFError(
            .publishFailed, "cannot publish `\(path)` to \(target)", context: [("reason", reason)],
            hint: "what is live is unchanged; publish again once the reason is mended")
    }
}
