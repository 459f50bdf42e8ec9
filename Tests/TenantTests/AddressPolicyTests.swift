import Federation
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

    @Test func onlyListedHostsAreAskedFor() {
        let policy = AddressPolicy(["api.acme.example"])
        #expect(policy.allows(host: "API.acme.example."))
        #expect(!policy.allows(host: "other.example") && !policy.allows(host: "127.0.0.1"))
        #expect(policy.allows(host: "api.acme.example", address: [8, 8, 8, 8]))
        #expect(!policy.allows(host: "api.acme.example", address: [127, 0, 0, 1]))
        #expect(!policy.allows(host: "other.example", address: [8, 8, 8, 8]))
    }

    @Test func listedAddressesAreReachedWhateverTheyAre() {
        let policy = AddressPolicy(["127.0.0.1", "[::1]", "localhost"])
        #expect(policy.allows(host: "127.0.0.1", address: [127, 0, 0, 1]))
        #expect(!policy.allows(host: "127.0.0.1", address: [127, 0, 0, 2]))
        #expect(policy.allows(host: "::1", address: [UInt8](repeating: 0, count: 15) + [1]))
        #expect(policy.allows(host: "localhost", address: [127, 0, 0, 2]))
        #expect(!policy.allows(host: "localhost", address: [10, 0, 0, 1]))
    }
}
