import Testing

@testable import Federation

@Suite struct TenantPatternsTests {
    @Test(arguments: [
        (["*"], "billing/invoice", true), (["*"], "@scope/app/a/b", true), (["billing/*"], "billing/invoice", true),
        (["billing/*"], "billing/invoice/pdf", false), (["billing/**"], "billing/invoice/pdf", true),
        (["billing/**"], "billing", true), (["billing"], "billing/invoice", false), (["billing"], "billing", true),
        (["bill*/inv*ce"], "billing/invoice", true), (["bill*/inv*ce"], "billing/invoices", false),
        (["**/health"], "a/b/health", true), (["**/health"], "a/b/healthy", false),
        (["billing/**", "!billing/health"], "billing/health", false),
        (["billing/**", "!billing/health"], "billing/other", true), (["!billing/health"], "billing/other", false),
        (["share:billing"], "billing", false), ([], "billing", false),
        (["a*a*a*a*a*a*a*b"], "aaaaaaaaaaaaaaaaaaaa", false),
    ]) func aRequestIsMatchedBySegments(patterns: [String], id: String, isMatch: Bool) {
        #expect(TenantPatterns(patterns).match(id: id) == isMatch)
    }

    @Test(arguments: [
        (["*"], "beta", false), (["**"], "beta", false), (["*/**"], "beta", false), (["b*/**"], "beta", false),
        (["beta/**"], "beta", true), (["beta/*"], "beta", true), (["beta"], "beta", false),
        (["betamax/**"], "beta", false),
    ]) func whatBelongsToAnotherTenantIsMatchedByItsNameAlone(patterns: [String], remote: String, isMatch: Bool) {
        #expect(TenantPatterns(patterns).match(id: "\(remote)/x", foreign: remote) == isMatch)
        #expect(TenantPatterns(patterns).matchSome(of: remote, foreign: true) == (isMatch || patterns == ["beta"]))
    }

    @Test(arguments: [
        (["*"], true), (["disk/**"], true), (["**"], true), (["d*/**"], true), (["disk/*"], false), (["disk"], false),
        (["disk/usage"], false), (["disk/**", "!disk/health"], false), (["*", "!disk/health"], false),
        (["*", "!logs/**"], true), (["share:disk"], false),
    ]) func allOfARemoteIsMeantOnlyWhereEachExposeIs(patterns: [String], isMatch: Bool) {
        #expect(TenantPatterns(patterns).matchAll(of: "disk", foreign: false) == isMatch)
    }

    @Test(arguments: [
        (["*"], true), (["disk/usage"], true), (["disk/**"], true), (["disk"], true), (["logs/**"], false),
        (["*/usage"], true), (["share:disk"], false),
    ]) func aRemoteIsHeardOfWhereSomeExposeIs(patterns: [String], isMatch: Bool) {
        #expect(TenantPatterns(patterns).matchSome(of: "disk", foreign: false) == isMatch)
    }

    @Test(arguments: [
        (["*"], true), (["share:@scope/config"], true), (["share:*/config"], true), (["share:*"], true),
        (["share:other"], false), (["@scope/config"], false), (["*", "!share:@scope/config"], false),
    ]) func aPackageIsWrittenWithShare(patterns: [String], isMatch: Bool) {
        #expect(TenantPatterns(patterns).match(share: "@scope/config") == isMatch)
    }

    @Test(arguments: ["", "!", "share:", "!share:"]) func anEmptyPatternIsNone(_ text: String) {
        #expect(!TenantPatterns.isPattern(text))
    }

    @Test(arguments: [
        ("http://u:p@h/x?q=1#f", "http://h/x"), ("https://h/x", "https://h/x"),
        ("disk:http://u@h:8/x?t", "disk:http://h:8/x"),
        ("//u:p@h/x", "//h/x"), ("http://h/@scope/x", "http://h/@scope/x"), ("http://a@b@h/x", "http://h/x"),
        ("see http://u:p@h/x?q", "see http://h/x"), ("checks/disk", "checks/disk"), ("why?", "why?"), ("", ""),
        ("http://", "http://"),
        ("http:\\\\u:p@h/x", "http:\\\\h/x"), ("HTTP:u:p@h/x", "h/x"), ("see HTTP:u:p@h/x", "see HTTP:h/x"),
        ("http:/u:p@h/x", "http:/h/x"), ("u:p@h/x", "h/x"),
        ("http://u:p/w@h/x", "http://h/x"), ("http://u:p?w@h/x", "http://h/x"),
        ("http://u:p@h/http://v:q@i/x", "http://h/http://i/x"),
        ("http://u:p@h/x and http://v:q@i/y?t", "http://h/x and http://i/y"), ("@scope/x", "@scope/x"),
        ("a@1.0/x", "a@1.0/x"),
        ("http://[::1]:80/@scope/x", "http://[::1]:80/@scope/x"), ("file.lua:3: at a@b", "file.lua:3: at a@b"),
    ]) func anAddressIsShownWithoutWhatMayBeSecret(text: String, shown: String) {
        #expect(publicAddress(text) == shown)
    }
}
