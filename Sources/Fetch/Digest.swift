internal import Diagnostics
internal import Glibc

/// Digests of bytes by libcrypto, which is there with libcurl and opened when it is first asked for.
package enum Digest {
    /// The algorithms, by the names that libcrypto has for them.
    package static let algorithms = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"]

    private typealias ByName = @convention(c) (UnsafePointer<CChar>) -> OpaquePointer?
    private typealias Compute =
        @convention(c) (
            UnsafeRawPointer?, Int, UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<UInt32>, OpaquePointer,
            OpaquePointer?
        ) -> Int32

    private typealias Initialize = @convention(c) (UInt64, OpaquePointer?) -> Int32
    private static let withoutExitHandler: UInt64 = 0x80000

    private struct Library: Sendable {
        let byName: ByName
        let compute: Compute
    }

    private static let library: Library? = {
        for file in ["libcrypto.so.3", "libcrypto.so.1.1"] {
            guard let handle = dlopen(file, RTLD_NOW | RTLD_LOCAL) else { continue }
            guard let byName = dlsym(handle, "EVP_get_digestbyname"), let compute = dlsym(handle, "EVP_Digest") else {
                continue
            }
            // It would clean up while other threads still use it: the process ends all the same.
            if let function = dlsym(handle, "OPENSSL_init_crypto") {
                _ = unsafeBitCast(function, to: Initialize.self)(withoutExitHandler, nil)
            }
            return Library(
                byName: unsafeBitCast(byName, to: ByName.self), compute: unsafeBitCast(compute, to: Compute.self))
        }
        return nil
    }()

    /// The digest of bytes.
    ///
    /// - Returns: Nil where libcrypto, or the algorithm in it, is not there.
    package static func compute(_ algorithm: String, _ bytes: [UInt8]) -> [UInt8]? {
        guard let library, let method = library.byName(algorithm) else { return nil }
        var count: UInt32 = 0
        var isDone = false
        let digest = [UInt8](unsafeUninitializedCapacity: 64) { buffer, used in
            isDone = bytes.withUnsafeBytes {
                library.compute($0.baseAddress, $0.count, buffer.baseAddress!, &count, method, nil) == 1
            }
            used = isDone ? Int(count) : 0
        }
        return isDone ? digest : nil
    }
}
