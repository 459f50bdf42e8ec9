import Fetch
import Testing

@Suite(.timeLimit(.minutes(2))) struct URLPartsTests {
    @Test(arguments: [
        "http://user:pw@example.org:8080/a/b?c=d#e", "https://[::1]:443/", "http://[::1]/x", "file:///etc/hosts",
        "../a/b.lua", "?q", "#f", "", "//host/path", "mailto:a@b", "./a:b", "http://h",
    ])
    func aURLIsPutTogetherAsItWas(url: String) {
        #expect(URLParts(url)?.description == url)
    }

    @Test func partsAreFound() throws {
        let parts = try #require(URLParts("HTTP://user:p@w@Example.org:8080/a?b?c#d#e"))
        #expect(parts.scheme == "http")
        #expect(parts.credentials == "user:p@w")
        #expect(parts.host == "Example.org")
        #expect(parts.port == 8080)
        #expect(parts.path == "/a")
        #expect(parts.query == "b?c")
        #expect(parts.fragment == "d#e")
    }

    @Test(arguments: [
        "http://h:x/", "http://h:65536/", "http://h:-1/", "http://h:+1/", "http://h/\u{0}", "http://h/\r\n",
    ])
    func wrongPortsAndControlCharactersAreRefused(url: String) {
        #expect(URLParts(url) == nil)
    }

    @Test func aCombiningMarkDoesNotHideADelimiter() {
        #expect(URLParts("http://a.org/\u{301}@b.org/")?.host == "a.org")
    }

    // RFC 3986 §5.4.
    @Test(arguments: [
        ("g:h", "g:h"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"), ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"), ("g?y#s", "http://a/b/c/g?y#s"), (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"), ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"), ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"),
        ("../../", "http://a/"), ("../../g", "http://a/g"), ("../../../g", "http://a/g"), ("/./g", "http://a/g"),
        ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"), ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"), ("g;x=1/./y", "http://a/b/c/g;x=1/y"), ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"), ("g#s/../x", "http://a/b/c/g#s/../x"), ("http://g/./x/../y", "http://g/y"),
    ])
    func referencesAreResolved(reference: String, expected: String) {
        #expect(URLParts.resolve(reference, against: "http://a/b/c/d;p?q") == expected)
    }

    @Test func resolvingKeepsCredentialsAndPortOfTheBase() {
        #expect(URLParts.resolve("x.lua", against: "http://u:p@h:81/m.json") == "http://u:p@h:81/x.lua")
        #expect(URLParts.resolve("x.lua", against: "http://h") == "http://h/x.lua")
        #expect(URLParts.resolve("x.lua", against: "file:///srv/a/m.json") == "file:///srv/a/x.lua")
    }

    @Test func whatCannotBeResolvedStaysAsItIs() {
        #expect(URLParts.resolve("x.lua", against: "not a base") == "x.lua")
        #expect(URLParts.resolve("http://h:x/", against: "http://a/") == "http://h:x/")
    }

    @Test(arguments: [
        ("http://user:pw@h/x", "http://h/x"), ("http://user@h:1/x", "http://h:1/x"), ("http://a:b@c@h/x", "http://h/x"),
        ("http://h/@scope/pkg", "http://h/@scope/pkg"), ("http://h:80/@scope/pkg", "http://h:80/@scope/pkg"),
        ("http://u:pa/ss@h/x", "http://h/x"), ("//u:p@h/", "//h/"), ("http://[::1]/@x", "http://[::1]/@x"),
        ("http://h/?a=1&Access_Token=x&sig=y#z", "http://h/?a=1&Access_Token=***&sig=***#z"),
        ("http://h/?X-Amz-Signature=abc&k", "http://h/?X-Amz-Signature=***&k"), ("plain", "plain"), ("", ""),
        ("/", "/"),
    ])
    func secretsAreRemoved(url: String, shown: String) {
        #expect(URLParts.redacted(url) == shown)
    }
}
