import Glibc

/// A failed system call.
public struct SystemError: Error, CustomStringConvertible {
    public let call: String
    public let code: Int32
    public var description: String { "\(call): \(String(cString: strerror(code)))" }

    /// Takes the reason from `errno`.
    public init(_ call: String) {
        self.call = call
        code = errno
    }
}

/// Reads a descriptor to its end. Blocks.
func readToEnd(_ descriptor: Int32) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let part = try readSome(descriptor) { bytes += part }
    return bytes
}

/// What a descriptor has, at least one byte; nil at its end. Blocks.
func readSome(_ descriptor: Int32) throws -> [UInt8]? {
    while true {
        var count = 0
        let part = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, used in
            count = read(descriptor, buffer.baseAddress!, buffer.count)
            used = max(0, count)
        }
        if count < 0, errno == EINTR { continue }
        // A reset is the end of what a peer that misbehaves has to say.
        if count < 0, errno == ECONNRESET { return nil }
        guard count >= 0 else { throw SystemError("read") }
        return count == 0 ? nil : part
    }
}

/// Writes all bytes. Blocks.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw SystemError("write") }
        rest = rest.dropFirst(count)
    }
}
