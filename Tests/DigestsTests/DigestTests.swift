import Digests
import Testing

/// Digests of bytes.
@Suite struct DigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ]) func sha256IsThatOfTheStandard(text: String, expected: String) throws {
        #expect(try Digest.sha256(Array(text.utf8)).hexadecimal == expected)
    }

    // As `printf hello | openssl dgst -binary | base64` has it; the lengths need one padding each.
    @Test(arguments: [
        (Digest.Algorithm.sha256, "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
        (.sha384, "sha384-WeF0h3dEjGnea4ANejO7+5/xtGPkQ1TDVTvNucZm+pASWjx5+QOXvfX2oT3oKGhP"),
        (
            .sha512,
            "sha512-m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="
        ),
    ]) func integrityIsBase64(algorithm: Digest.Algorithm, expected: String) throws {
        #expect(try Digest(algorithm, of: Array("hello".utf8)).integrity == expected)
    }
}
