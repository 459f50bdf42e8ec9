import Diagnostics

/// The outcomes in the XML that build servers read.
struct JUnitReport {
    let outcomes: [Outcome]

    var xml: String {
        var xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
        for suite in suites {
            let cases = outcomes.filter { $0.suite == suite }
            let failures = cases.count { $0.failure != nil }
            xml += "  <testsuite name=\"\(suite.escapedForXML)\" tests=\"\(cases.count)\" failures=\"\(failures)\">\n"
            for one in cases { xml += Self.testCase(one) }
            xml += "  </testsuite>\n"
        }
        return xml + "</testsuites>\n"
    }

    private var suites: [String] {
        var seen: Set<String> = []
        return outcomes.map(\.suite).filter { seen.insert($0).inserted }
    }

    private static func testCase(_ outcome: Outcome) -> String {
        let milliseconds = outcome.duration / .milliseconds(1)
        let seconds = (milliseconds / 1000 * 1000).rounded() / 1000
        let opening =
            "    <testcase classname=\"\(outcome.suite.escapedForXML)\" name=\"\(outcome.name.escapedForXML)\" time=\"\(seconds)\""
        switch outcome.result {
        case .passed: return opening + "/>\n"
        case .allowed(let why): return opening + "><system-out>\(why.escapedForXML)</system-out></testcase>\n"
        case .failed(let text): return opening + "><failure>\(text.escapedForXML)</failure></testcase>\n"
        }
    }
}
