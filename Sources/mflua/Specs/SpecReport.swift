import Diagnostics

/// What tests have come to, for people and for continuous integration.
enum SpecReport {
    /// The failures of a file, and what is pending in it.
    static func text(_ result: SpecFileResult, namesAll: Bool) -> String {
        var lines: [String] = []
        for test in result.results {
            switch test.outcome {
            case .passed: if namesAll { lines.append("passed   \(test.name)") }
            case .pending:
                lines.append("pending  \(test.name)" + (test.message.map { ": \($0)" } ?? ""))
            case .failed:
                let message = (test.message ?? "").split(separator: "\n", omittingEmptySubsequences: false)
                lines.append("FAILED   \(test.name)")
                lines += message.map { "  \(String($0.drop { $0 == "\t" }).escapedToOneLine)" }
            }
        }
        let tests = result.results.count == 1 ? "1 test" : "\(result.results.count) tests"
        let time = result.results.reduce(0) { $0 + $1.milliseconds }
        lines.append("\(result.file): \(tests), \(Int(time.rounded())) ms")
        return lines.joined(separator: "\n")
    }

    /// The last line.
    static func sum(_ results: [SpecFileResult]) -> String {
        func count(_ outcome: SpecResult.Outcome) -> Int { results.reduce(0) { $0 + $1.count(outcome) } }
        let pending = count(.pending)
        return "\(count(.passed)) passed, \(count(.failed)) failed" + (pending > 0 ? ", \(pending) pending" : "")
    }

    /// A report in the form of JUnit, which build servers read.
    static func junit(_ results: [SpecFileResult]) -> String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites>"]
        for file in results {
            let time = file.results.reduce(0) { $0 + $1.milliseconds }
            lines.append(
                "  <testsuite name=\"\(file.file.escapedForXML)\" tests=\"\(file.results.count)\" "
                    + "failures=\"\(file.count(.failed))\" skipped=\"\(file.count(.pending))\" "
                    + "time=\"\(seconds(time))\">")
            for test in file.results {
                let head =
                    "    <testcase classname=\"\(file.file.escapedForXML)\" name=\"\(test.name.escapedForXML)\" "
                    + "time=\"\(seconds(test.milliseconds))\""
                switch test.outcome {
                case .passed: lines.append(head + "/>")
                case .pending:
                    lines.append(head + "><skipped message=\"\((test.message ?? "").escapedForXML)\"/></testcase>")
                case .failed:
                    let first = test.message?.split(separator: "\n").first.map(String.init) ?? ""
                    lines.append(
                        head + "><failure message=\"\(first.escapedForXML)\">\((test.message ?? "").escapedForXML)"
                            + "</failure></testcase>")
                }
            }
            lines.append("  </testsuite>")
        }
        return (lines + ["</testsuites>", ""]).joined(separator: "\n")
    }

    private static func seconds(_ milliseconds: Double) -> String {
        let micros = Int((milliseconds * 1000).rounded())
        let fraction = String(micros % 1_000_000)
        return "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
