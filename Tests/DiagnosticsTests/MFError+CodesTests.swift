import Diagnostics
import Testing

@Suite struct CodesTests {
    @Test func everyCodeIsListedOnce() {
        let codes = MFError.Code.all.map(\.code.rawValue)
        #expect(Set(codes).count == codes.count)
        let names = MFError.Code.all.map(\.name)
        #expect(Set(names).count == names.count)
    }

    /// Numbers that are kept for the store of fetched files and for plugins from remotes, and those of codes that are gone.
    private static let reserved =
        ["FETCH-015", "FETCH-016", "FETCH-017", "HOOK-004"]
        + (Array(6...9) + Array(13...20)).map { "PLUGIN-" + String(1000 + $0).dropFirst() }

    @Test func numbersOfAFamilyHaveNoGaps() {
        let families = Dictionary(grouping: MFError.Code.all.map(\.code.rawValue)) { $0.split(separator: "-")[0] }
        for (family, codes) in families {
            let reserved = Self.reserved.filter { $0.hasPrefix(family) }
            let expected = (1...(codes.count + reserved.count)).map { "\(family)-" + String(1000 + $0).dropFirst() }
            #expect(codes == expected.filter { !reserved.contains($0) })
        }
        #expect(families["RUNTIME"]?.count == 16)
    }

    @Test(arguments: MFError.Code.all.map(\.code)) func everyCodeIsExplainedWithCauseAndCure(code: MFError.Code) throws
    {
        let entry = try #require(code.entry)
        #expect(!entry.title.isEmpty)
        #expect(entry.explanation.hasPrefix("Cause: "))
        #expect(entry.explanation.contains("\nCure:  "))
    }

    @Test func unknownCodesHaveNoEntry() {
        #expect(MFError.Code("NOTHING-001").entry == nil)
    }
}
