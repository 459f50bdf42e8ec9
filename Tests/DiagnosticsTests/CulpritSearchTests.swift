import Diagnostics
import Testing

@Suite struct CulpritSearchTests {
    /// Culprits by chance; the same at every run.
    private static let cases: [(culprits: Set<Int>, seed: UInt64)] = {
        var random = Mixer(state: 7)
        return (0..<200).map { number in
            let count = 1 + number % 3
            var culprits: Set<Int> = []
            while culprits.count < count { culprits.insert(Int.random(in: 0..<40, using: &random)) }
            return (culprits, random.next())
        }
    }()

    @Test func eachSetOfOneToThreeAmongFortyIsFound() throws {
        for (culprits, seed) in Self.cases {
            var random = Mixer(state: seed)
            let list = (0..<40).shuffled(using: &random)
            var search = CulpritSearch(of: list) { $0.isSuperset(of: culprits) }
            let found = try search.culprits()
            #expect(Set(found) == culprits)
            #expect(found == list.filter(culprits.contains))
            #expect(search.runs <= culprits.count * 11 + culprits.count)
        }
    }

    @Test func oneCulpritTakesAtMostTwiceTheLogarithm() throws {
        for count in 1...64 {
            let most = count == 1 ? 0 : 2 * Int.log2(floorOf: count * count) / 2
            for culprit in 0..<count {
                var search = CulpritSearch(of: Array(0..<count)) { $0.contains(culprit) }
                #expect(try search.culprits() == [culprit])
                #expect(search.runs <= most, "\(culprit) of \(count)")
            }
        }
    }

    @Test func eitherOfTwoIsFoundAlone() throws {
        var search = CulpritSearch(of: Array(0..<40)) { $0.contains(11) || $0.isSuperset(of: [3, 30]) }
        #expect(try search.culprits() == [11])
    }

    @Test func withoutAnyOneOfTheFoundTheCheckIsGoodAlsoWhereSuspectsUndoEachOther() throws {
        for undone in 0..<12 {
            let isBad = { (chosen: Set<Int>) in chosen.contains(4) && (!chosen.contains(undone) || chosen.contains(9)) }
            guard isBad(Set(0..<12)), !isBad([]) else { continue }
            var search = CulpritSearch(of: Array(0..<12), isBad: isBad)
            let found = Set(try search.culprits())
            #expect(isBad(found))
            for culprit in found { #expect(!isBad(found.subtracting([culprit]))) }
        }
    }

    @Test func aCheckThatCannotRunEndsTheSearch() {
        struct Stop: Error {}
        var search = CulpritSearch(of: [1, 2, 3]) { _ in throw Stop() }
        #expect(throws: Stop.self) { try search.culprits() }
    }

    private struct Mixer: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}

extension Int {
    /// The logarithm of a number to the base 2, rounded down.
    fileprivate static func log2(floorOf number: Int) -> Int { bitWidth - 1 - number.leadingZeroBitCount }
}
