import Diagnostics
import Glibc

/// A SHA-2 digest of bytes, by OpenSSL's libcrypto, which is opened at the first use.
///
/// ```swift
/// let digest = try Digest.sha256(bytes)
/// digest.hexadecimal         // 2cf24dba5fb0a30e…
/// digest.integrity           // sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=
/// ```
package struct Digest: Hashable, Sendable {
    /// Which function.
    package enum Algorithm: String, Sendable, CaseIterable {
        case sha256, sha384, sha512
    }

    package let algorithm: Algorithm
    package let bytes: [UInt8]

    /// The digest of some bytes.
    ///
    /// - Throws: ``MFError`` with `BUILD-005` where libcrypto is missing.
    package static func sha256(_ bytes: [UInt8]) throws -> Digest { try Digest(.sha256, of: bytes) }

    /// The digest of some bytes.
    ///
    /// - Throws: ``MFError`` with `BUILD-005` where libcrypto is missing.
    package init(_ algorithm: Algorithm, of bytes: [UInt8]) throws {
        self.algorithm = algorithm
        self.bytes = try Crypto.opened.get().digest(algorithm, of: bytes)
    }

    /// In lower-case hexadecimal digits.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// As `integrity` metadata: the function's name, a hyphen, and the bytes in base64.
    package var integrity: String { "\(algorithm.rawValue)-\(bytes.base64)" }
}

extension [UInt8] {
    /// In base64 with padding.
    fileprivate var base64: String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: count, by: 3) {
            let group = self[start..<Swift.min(start + 3, count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                text.append(place <= group.count ? letters[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// libcrypto's functions.
private struct Crypto {
    private typealias Hash = @convention(c) () -> OpaquePointer?
    private typealias Compute =
        @convention(c) (
            UnsafeRawPointer?, Int, UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<UInt32>?, OpaquePointer?,
            OpaquePointer?
        ) -> Int32

    private let hashes: [Digest.Algorithm: Hash]
    private let compute: Compute

    /// Opened once in a process, and never closed.
    static let opened = Result { () throws(MFError) in try Crypto() }

    private init() throws(MFError) {
        guard let library = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL) else {
            throw .cryptoMissing(dlerror().map { String(cString: $0) } ?? "libcrypto.so.3")
        }
        func find<Function>(_ name: String) throws(MFError) -> Function {
            guard let function = dlsym(library, name) else { throw .cryptoMissing(name) }
            return unsafeBitCast(function, to: Function.self)
        }
        // It would clean up while other threads still use it: the process ends all the same.
        let start: @convention(c) (UInt64, OpaquePointer?) -> Int32 = try find("OPENSSL_init_crypto")
        let withoutExitHandler: UInt64 = 0x80000
        _ = start(withoutExitHandler, nil)
        compute = try find("EVP_Digest")
        hashes = [.sha256: try find("EVP_sha256"), .sha384: try find("EVP_sha384"), .sha512: try find("EVP_sha512")]
    }

    func digest(_ algorithm: Digest.Algorithm, of bytes: [UInt8]) throws(MFError) -> [UInt8] {
        var length: UInt32 = 0
        var result = [UInt8](repeating: 0, count: 64)
        let isDone = bytes.withUnsafeBytes {
            compute($0.baseAddress, $0.count, &result, &length, hashes[algorithm]?(), nil)
        }
        guard isDone == 1 else { throw .cryptoMissing(algorithm.rawValue) }
        return Array(result.prefix(Int(length)))
    }
}

extension MFError {
    /// libcrypto, or a function of it, is missing.
    fileprivate static func cryptoMissing(_ reason: String) -> MFError {
        MFError(
            .digestUnavailable, "cannot compute a digest: OpenSSL's libcrypto is missing",
            context: [("reason", reason)],
            hint: "`apt-get install libssl3`")
    }
}
