internal import CCurl
internal import Diagnostics
internal import Glibc

/// libcurl, opened when it is first asked for.
final class CurlLibrary: @unchecked Sendable {
    // Constants; the table that `table` points to is filled before `init` returns, and libcurl's functions may be called
    // from any thread.

    /// The functions; filled once, never changed.
    let table: UnsafePointer<mf_curl>
    /// The file of trusted certificates, when the environment names one.
    let certificateFile: String?
    /// The folder of trusted certificates, when the environment names one.
    let certificateFolder: String?

    /// The process's libcurl, or why there is none.
    static var shared: Result<CurlLibrary, MFError> { CurlOpener.result() }

    /// Opens it.
    ///
    /// - Parameter isPointless: Whether the process is ending, asked between the two steps, which take long.
    init(unless isPointless: () -> Bool) throws(MFError) {
        let table = UnsafeMutablePointer<mf_curl>.allocate(capacity: 1)
        table.initialize(to: mf_curl())
        if let reason = mf_curl_open(table) {
            throw MFError.curlMissing(String(cString: reason))
        }
        if isPointless() { throw MFError.curlMissing("the process is ending") }
        let code = table.pointee.global_init(Int(CURL_GLOBAL_DEFAULT))
        if code != CURLE_OK {
            throw MFError.curlMissing(String(cString: table.pointee.easy_strerror(code)!))
        }
        self.table = UnsafePointer(table)
        // As the curl tool has it.
        if let bundle = Self.environment("CURL_CA_BUNDLE") {
            (certificateFile, certificateFolder) = (bundle, nil)
        } else {
            certificateFile = Self.environment("SSL_CERT_FILE")
            certificateFolder = Self.environment("SSL_CERT_DIR")
        }
    }

    /// What libcurl calls a failure.
    func describe(_ code: CURLcode) -> String {
        String(cString: table.pointee.easy_strerror(code)!)
    }

    /// A host's name in ASCII; nil when it has none, or libidn2 is not there.
    func asciiName(_ host: String) -> String? {
        guard let name = mf_curl_ascii_name(table, host) else { return nil }
        defer { table.pointee.idn2_free(name) }
        return String(cString: name)
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value[0] != 0 else { return nil }
        return String(cString: value)
    }
}
