import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct OriginTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:3006/disk/a.lua", "http://127.0.0.1:3006", "disk/a.lua"),
            ("https://u:p@example.org/a%20b%2Fc.lua?v=1#x", "https://u:p@example.org", "a b/c.lua"),
            ("http://[::1]:80/%zz%4", "http://[::1]:80", "%zz%4"), ("http://a", "http://a", ""),
        ] as [(String, String, String)])
    func urlIsTakenApart(url: String, origin: String, path: String) throws {
        let split = try #require(Origin.split(url))
        #expect(split.0.url == origin)
        #expect(split.path == path)
    }

    @Test(arguments: ["file:///etc/hosts", "a/b.lua", "ftp://a/b"]) func othersHaveNoServer(url: String) {
        #expect(Origin.split(url) == nil)
    }
}
