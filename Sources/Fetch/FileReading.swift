internal import CFiles
internal import Diagnostics
internal import Glibc
internal import Posix

/// Reads what a `file:` URL names: plain files of this machine only.
func readFile(_ request: FetchRequest, _ parts: URLParts) throws -> FetchResponse {
    guard request.files != .none else { throw MFError.protocolNotAllowed(request, "file") }
    guard parts.host == nil || parts.host == "" || parts.host == "localhost" else {
        throw MFError.badURL(request, "a `file:` URL names no other machine")
    }
    guard let path = percentDecoded(parts.path), path.hasPrefix("/") else {
        throw MFError.badURL(request, "a `file:` URL needs an absolute path")
    }
    func fail() -> MFError {
        let reason = Errno.last
        return .fileUnreadable(
            request, path, reason.description, isAbsent: reason.code == ENOENT || reason.code == ENOTDIR)
    }

    let descriptor: Int32
    if case .below(let folder) = request.files {
        guard let rest = relative(path, to: folder) else {
            throw MFError.fileOutside(request, path, folder: folder)
        }
        descriptor = mf_open_beneath(folder, rest)
        if descriptor < 0, errno == EXDEV { throw MFError.fileOutside(request, path, folder: folder) }
    } else {
        // Not blocking: opening a pipe that nobody writes to would stop the loop.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    }
    guard descriptor >= 0 else { throw fail() }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw fail() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw MFError.fileUnreadable(request, path, "not a plain file") }
    guard status.st_size <= request.maxBytes else { throw MFError.bodyTooLarge(request) }

    var body: [UInt8] = []
    var isWhole = false
    while !isWhole {
        // One byte more than expected, so that the end is seen without another turn.
        let size = max(Int(status.st_size) - body.count, 0) + 1
        let start = body.count
        let count = try body.withAppending(size) { buffer in
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw fail() }
            return count
        }
        isWhole = count == 0
        guard start + count <= request.maxBytes else { throw MFError.bodyTooLarge(request) }
    }
    return FetchResponse(url: request.url, body: body)
}

/// The path from a folder to a file below it; nil when the path does not begin with the folder.
private func relative(_ path: String, to folder: String) -> String? {
    let start = folder.hasSuffix("/") ? folder : folder + "/"
    guard path.utf8.starts(with: start.utf8) else { return nil }
    let rest = String(path.dropFirst(start.count).drop { $0 == "/" })
    return rest.isEmpty ? nil : rest
}

extension URLParts {
    /// The folder of the file that a `file:` URL names, decoded; nil when it is no such URL.
    public var folderOfFile: String? {
        guard scheme == "file", let path = percentDecoded(path), path.hasPrefix("/"),
            let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        else { return nil }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// `%20` → a space; nil when what comes out is not UTF-8 or has a NUL.
private func percentDecoded(_ text: String) -> String? {
    guard let bytes = text.utf8.percentDecoded(strictly: false), !bytes.contains(0) else { return nil }
    return String(validating: bytes, as: UTF8.self)
}

extension [UInt8] {
    /// Appends what a closure writes into a buffer; it returns how much that is.
    fileprivate mutating func withAppending(
        _ capacity: Int, _ fill: (UnsafeMutableBufferPointer<UInt8>) throws -> Int
    ) rethrows -> Int {
        let start = count
        append(contentsOf: repeatElement(0, count: capacity))
        let filled = try withUnsafeMutableBufferPointer { try fill(.init(rebasing: $0[start...])) }
        removeLast(capacity - filled)
        return filled
    }
}
