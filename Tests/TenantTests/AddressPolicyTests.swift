import Federation
import Fetch
import Testing

struct AddressPolicyTests {
    @Test(
        arguments: [
            [8, 8, 8, 8], [1, 1, 1, 1], [172, 15, 0, 1], [172, 32, 0, 1], [100, 63, 0, 1], [192, 169, 0, 1],
            [223, 1, 1, 1],
            [0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 8, 8, 8, 8],
        ] as [[UInt8]])
    func publicAddressesAreReached(address: [UInt8]) {
        #expect(AddressPolicy.isPublic(address))
    }

    @Test(
        arguments: [
            [127, 0, 0, 1], [127, 9, 9, 9], [10, 0, 0, 1], [172, 16, 0, 1], [172, 31, 255, 255], [192, 168, 1, 1],
            [169, 254, 169, 254], [0, 0, 0, 0], [100, 64, 0, 1], [224, 0, 0, 1], [255, 255, 255, 255], [198, 18, 0, 1],
            [192, 0, 2, 1], [203, 0, 113, 5],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0xFC, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1],
            [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 127, 0, 0, 1],
            [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1],
            [0x20, 0x02, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0x20, 0x01, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            [0xFF, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], [1, 2, 3],
        ] as [[UInt8]])
    func otherAddressesAreNot(address: [UInt8]) {
        #expect(!AddressPolicy.isPublic(address))
    }

    @Test func onlyListedHostsAreAskedFor() throws {
        let policy = AddressPolicy(["api.acme.example"])
        #expect(policy.allows(try url("http://API.acme.example./x")))
        #expect(policy.allows(try url("https://api.acme.example:8443/x")))
        for other in [
            "http://other.example", "http://127.0.0.1", "file:///x", "ftp://api.acme.example", "//api.acme.example",
        ] {
            #expect(!policy.allows(try url(other)))
        }
        #expect(policy.allows(try url("http://api.acme.example"), address: [8, 8, 8, 8]))
        #expect(!policy.allows(try url("http://api.acme.example"), address: [127, 0, 0, 1]))
        #expect(!policy.allows(try url("http://api.acme.example"), address: [10, 0, 0, 1]))
        #expect(!policy.allows(try url("http://other.example"), address: [8, 8, 8, 8]))
    }

    @Test func listedAddressesAreReachedWhateverTheyAre() throws {
        let policy = AddressPolicy(["127.0.0.1", "[::1]", "localhost"])
        #expect(policy.allows(try url("http://127.0.0.1"), address: [127, 0, 0, 1]))
        #expect(!policy.allows(try url("http://127.0.0.1"), address: [127, 0, 0, 2]))
        #expect(policy.allows(try url("http://[::1]"), address: [UInt8](repeating: 0, count: 15) + [1]))
        #expect(policy.allows(try url("http://localhost"), address: [127, 0, 0, 2]))
        #expect(!policy.allows(try url("http://localhost"), address: [10, 0, 0, 1]))
    }

    @Test(
        arguments: [
            "2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.0.0.1", "127.0.0.1.", "[::ffff:127.0.0.1]",
            "[0:0:0:0:0:ffff:7f00:1]", "[64:ff9b::7f00:1]",
        ])
    func anAddressIsTheSameInEverySpelling(spelling: String) throws {
        #expect(AddressPolicy(["127.0.0.1"]).allows(try url("http://\(spelling)/x")))
        #expect(AddressPolicy([spelling]).allows(try url("http://127.0.0.1/x")))
        #expect(!AddressPolicy(["127.0.0.2"]).allows(try url("http://\(spelling)/x")))
    }

    @Test func aUserNameIsAllowedOnlyAsTheOwnerWroteIt() throws {
        let policy = AddressPolicy(["api.acme.example"], entries: ["http://ci:secret@cdn.acme.example/entry.lua"])
        #expect(!policy.allows(try url("http://me@api.acme.example/")))
        #expect(policy.allows(try url("http://cdn.acme.example/x.lua")))
        #expect(policy.allows(try url("http://ci:secret@cdn.acme.example/x.lua")))
        #expect(!policy.allows(try url("http://ci:other@cdn.acme.example/x.lua")))
    }

    @Test func theServerOfAnEntryIsReachedByItsSchemeHostAndPort() throws {
        let policy = AddressPolicy([], entries: ["http://cdn.acme.example:8080/app/mf-manifest.json"])
        #expect(policy.allows(try url("http://CDN.acme.example:8080/other/x.lua")))
        for other in ["https://cdn.acme.example:8080/", "http://cdn.acme.example/", "http://cdn.acme.example:8081/"] {
            #expect(!policy.allows(try url(other)))
        }
        let asset = try url("http://cdn.acme.example:8080/x.lua")
        for address in [[8, 8, 8, 8], [10, 1, 2, 3], [192, 168, 0, 1], [172, 20, 0, 1], [100, 64, 0, 1]] as [[UInt8]] {
            #expect(policy.allows(asset, address: address))
        }
        for address in [[127, 0, 0, 1], [169, 254, 169, 254], [0, 0, 0, 0], [224, 0, 0, 1]] as [[UInt8]] {
            #expect(!policy.allows(asset, address: address))
        }
        #expect(policy.allows(asset, address: [0xFD] + [UInt8](repeating: 0, count: 14) + [1]))
        #expect(!policy.allows(asset, address: [0xFE, 0x80] + [UInt8](repeating: 0, count: 13) + [1]))
    }

    @Test func loopbackIsReachedWhereTheOwnerWroteIt() throws {
        let own = AddressPolicy([], entries: ["http://127.0.0.1:3006/mf-manifest.json", "http://localhost:3007/e.lua"])
        #expect(own.allows(try url("http://127.0.0.1:3006/x.lua"), address: [127, 0, 0, 1]))
        #expect(own.allows(try url("http://2130706433:3006/x.lua"), address: [127, 0, 0, 1]))
        #expect(!own.allows(try url("http://127.0.0.1:3006/x.lua"), address: [127, 0, 0, 2]))
        #expect(own.allows(try url("http://localhost:3007/x.lua"), address: [127, 0, 0, 1]))
        #expect(!own.allows(try url("http://localhost:3006/x.lua"), address: [127, 0, 0, 1]))
    }

    private func url(_ text: String) throws -> URLParts { try #require(URLParts(text)) }
}
