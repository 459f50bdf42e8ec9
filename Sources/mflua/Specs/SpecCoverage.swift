/// Which lines of the project's files have run in tests.
struct SpecCoverage {
    /// By file, how often each line that holds code ran.
    private var files: [String: [Int: Int]] = [:]

    init(_ results: [SpecFileResult]) {
        for result in results {
            for (file, lines) in result.code {
                for line in lines { files[file, default: [:]][line, default: 0] += result.lines[file]?[line] ?? 0 }
            }
        }
    }

    /// A table: how many lines of each file ran, and the lines that did not.
    var text: String {
        var lines: [String] = []
        var (ran, all) = (0, 0)
        for (file, counts) in files.sorted(by: { $0.key < $1.key }) {
            let missed = counts.filter { $0.value == 0 }.keys.sorted()
            ran += counts.count - missed.count
            all += counts.count
            let rest = missed.isEmpty ? "" : "  not run: \(Self.ranges(missed))"
            lines.append("\(Self.share(counts.count - missed.count, counts.count))  \(file)\(rest)")
        }
        lines.append("\(Self.share(ran, all))  of \(all) lines in \(files.count) files")
        return lines.joined(separator: "\n")
    }

    /// The form of lcov, which editors and build servers read.
    var lcov: String {
        var lines: [String] = []
        for (file, counts) in files.sorted(by: { $0.key < $1.key }) {
            lines.append("SF:\(file)")
            for (line, count) in counts.sorted(by: { $0.key < $1.key }) { lines.append("DA:\(line),\(count)") }
            lines += ["LF:\(counts.count)", "LH:\(counts.count { $0.value > 0 })", "end_of_record"]
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func share(_ part: Int, _ whole: Int) -> String {
        let percent = whole == 0 ? 100 : part * 100 / whole
        return String(repeating: " ", count: 3 - "\(percent)".count) + "\(percent) %"
    }

    /// `3, 7-9` for 3, 7, 8, 9.
    private static func ranges(_ lines: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for line in lines {
            if let last = ranges.last, last.upperBound + 1 == line {
                ranges[ranges.count - 1] = last.lowerBound...line
            } else {
                ranges.append(line...line)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ", ")
    }
}
