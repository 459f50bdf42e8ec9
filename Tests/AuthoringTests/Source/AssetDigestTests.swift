import Testing

@testable import Authoring

/// Digests of the files of a build.
@Suite struct AssetDigestTests {
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ]) func digestIsThatOfTheStandard(text: String, expected: String) throws {
        #expect(try AssetDigest(of: Array(text.utf8)).hexadecimal == expected)
    }

    // As `printf hello | openssl dgst -sha256 -binary | base64` has it.
    @Test func integrityIsBase64() throws {
        let digest = try AssetDigest(of: Array("hello".utf8))
        #expect(digest.integrity == "sha256-LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    }
}
