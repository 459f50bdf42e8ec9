import Diagnostics
import Fetch
import Posix

/// The SHA-256 of a file of a build.
struct AssetDigest: Hashable, Sendable {
    private let bytes: [UInt8]

    /// - Throws: ``MFError`` with `BUILD-005` where libcrypto is missing.
    init(of content: [UInt8]) throws {
        guard let bytes = Digest.compute("sha256", content) else { throw MFError.digestUnavailable() }
        self.bytes = bytes
    }

    /// In lower-case hexadecimal digits.
    var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// As `integrity` metadata: the function's name, a hyphen, and the bytes in base64.
    var integrity: String { "sha256-\(Base64.encode(bytes))" }
}

extension MFError {
    fileprivate static func digestUnavailable() -> MFError {
        MFError(
            .digestUnavailable, "cannot compute a digest: OpenSSL's libcrypto is missing",
            hint: "`apt-get install libssl3`")
    }
}
