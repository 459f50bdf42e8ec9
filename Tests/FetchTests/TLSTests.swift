import Diagnostics
import EventLoops
import Fetch
import Glibc
import TestSupport
import Testing

private let openssl = "/usr/bin/openssl"

/// Against `openssl s_server` with a certificate that nobody vouches for.
@Suite(.enabled(if: access(openssl, X_OK) == 0, "needs the openssl command"), .timeLimit(.minutes(2))) struct TLSTests {
    @Test func aCertificateThatNobodyVouchesForIsAnError() async throws {
        let folder = try TemporaryFolder()
        let made = try await ChildProcess.run(
            openssl,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem",
                "-days",
                "2", "-subj", "/CN=localhost",
            ], folder: folder.path)
        try #require(made.code == 0, "\(made)")

        let server = try ChildProcess(
            openssl, ["s_server", "-accept", "127.0.0.1:0", "-key", "key.pem", "-cert", "certificate.pem", "-www"],
            folder: folder.path)
        var output = ""
        while !output.contains("ACCEPT") { output += try await server.nextOutput() }
        let port = try #require(output.split(separator: ":").last.flatMap { Int($0.filter(\.isNumber)) })

        let loop = EventLoop(name: "test")
        let fetcher = CurlFetcher(loop: loop)
        let error = await expectMFError(.fetchTLS) { try await fetcher.fetch("https://localhost:\(port)/") }
        #expect(error?.message == "the certificate of `localhost:\(port)` is not trusted")
        #expect(error?.hint?.contains("CURL_CA_BUNDLE") == true)
        fetcher.close()
        loop.stop()
        loop.join()
        server.signal(SIGKILL)
        _ = try await server.result()
    }
}
