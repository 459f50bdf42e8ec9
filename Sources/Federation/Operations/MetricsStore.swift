import Diagnostics
import LuaBridge

/// The figures that scripts of a runtime keep: counters, gauges and histograms, and their text for Prometheus.
final class MetricsStore: @unchecked Sendable {
    // Used by functions of the states of one loop.
    enum Kind: String { case counter, gauge, histogram }

    /// One metric with all of its labels.
    final class Metric {
        let name: String
        let help: String
        let kind: Kind
        let labels: [String]
        let bounds: [Double]
        var values: [[String]: Series] = [:]

        init(_ name: String, _ help: String, _ kind: Kind, _ labels: [String], _ bounds: [Double]) {
            (self.name, self.help, self.kind, self.labels, self.bounds) = (name, help, kind, labels, bounds)
        }
    }

    /// The figure of some labels; of a histogram, the sum of what was observed.
    struct Series {
        var value = 0.0
        var counts: [Int] = []
        var count = 0
    }

    private var metrics: [String: Metric] = [:]

    /// How many combinations of labels a metric may have: one that has a request's id as a label would grow for ever.
    static let most = 10_000

    static let defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// A metric; the one that is there where it was made before, as by the last version of a plugin.
    ///
    /// - Throws: ``MFError`` with `LUA-012` where it was made as another.
    func metric(
        _ name: String, _ help: String, _ kind: Kind, _ labels: [String], _ bounds: [Double]
    ) throws -> Metric {
        if let known = metrics[name] {
            guard known.kind == kind, known.labels == labels else {
                throw MFError(
                    .invalidOptions,
                    "metric `\(name)` is a \(known.kind.rawValue) with the labels "
                        + "{\(known.labels.joined(separator: ", "))} already", hint: "give it another name")
            }
            return known
        }
        let metric = Metric(name, help, kind, labels, bounds)
        metrics[name] = metric
        return metric
    }

    /// All figures, as Prometheus reads them.
    var text: String {
        var text = ""
        for metric in metrics.values.sorted(by: { $0.name < $1.name }) {
            if !metric.help.isEmpty { text += "# HELP \(metric.name) \(Self.escaped(metric.help, quotes: false))\n" }
            text += "# TYPE \(metric.name) \(metric.kind.rawValue)\n"
            for (values, series) in metric.values.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                let labels = zip(metric.labels, values).map { "\($0)=\"\(Self.escaped($1, quotes: true))\"" }
                if metric.kind == .histogram {
                    text += histogram(metric, series, labels)
                } else {
                    text += "\(metric.name)\(Self.braced(labels)) \(Self.number(series.value))\n"
                }
            }
        }
        return text
    }

    private func histogram(_ metric: Metric, _ series: Series, _ labels: [String]) -> String {
        var (text, sum) = ("", 0)
        for (bound, count) in zip(metric.bounds, series.counts) {
            sum += count
            text += "\(metric.name)_bucket\(Self.braced(labels + ["le=\"\(Self.number(bound))\""])) \(sum)\n"
        }
        text += "\(metric.name)_bucket\(Self.braced(labels + ["le=\"+Inf\""])) \(series.count)\n"
        text += "\(metric.name)_sum\(Self.braced(labels)) \(Self.number(series.value))\n"
        return text + "\(metric.name)_count\(Self.braced(labels)) \(series.count)\n"
    }

    private static func braced(_ labels: [String]) -> String {
        labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
    }

    private static func number(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number > 0 ? "+Inf" : "-Inf" }
        return Int64(exactly: number).map(String.init) ?? "\(number)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        let text = text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        return quotes ? text.replacing("\"", with: "\\\"") : text
    }
}
