import Posix
import Testing

@Suite struct PercentDecodingTests {
    @Test(arguments: [
        ("a%20b", "a b"), ("%41%62", "Ab"), ("%c3%A9", "é"), ("100%25", "100%"), ("%2541", "%41"), ("", ""),
    ])
    func escapesAreDecodedOnce(text: String, decoded: String) {
        for strictly in [true, false] {
            #expect(text.utf8.percentDecoded(strictly: strictly) == Array(decoded.utf8))
        }
    }

    @Test(arguments: ["%", "a%2", "%zz", "%+1", "%-1", "%2g"]) func malformedEscapesAreRefusedOrKept(text: String) {
        #expect(text.utf8.percentDecoded(strictly: true) == nil)
        #expect(text.utf8.percentDecoded(strictly: false) == Array(text.utf8))
    }
}
