import Diagnostics
import LuaBridge

/// A counter, a gauge or a histogram: what the functions of `mf.metrics` return.
final class MetricView: LuaObject, @unchecked Sendable {
    // Its methods are called by states of one loop, as are those of its store.
    private let metric: MetricsStore.Metric

    init(_ metric: MetricsStore.Metric) { self.metric = metric }

    /// The functions of `mf.metrics`.
    static let functions = [
        making(.counter, "A figure that grows: `counter:inc(by?, labels?)`."),
        making(.gauge, "A figure that goes up and down: `gauge:set(value, labels?)`, `inc` and `dec`."),
        making(.histogram, "How figures are spread: `histogram:observe(value, labels?)`."),
        Operations.Function(
            name: "handler", signature: "fun(): fun(request: mf.Request): mf.Answer",
            summary: "A handler of `mf.serve` that answers with all figures, as Prometheus reads them."
        ) { operations in
            LuaCallable("handler") { _ in
                let store = operations.facilities.metrics
                return [
                    .callable(
                        LuaCallable("handler") { _ in
                            [
                                .record([
                                    "headers": .record(["Content-Type": "text/plain; version=0.0.4; charset=utf-8"]),
                                    "body": .string(store.text),
                                ])
                            ]
                        })
                ]
            }
        },
    ]

    private static func making(_ kind: MetricsStore.Kind, _ summary: String) -> Operations.Function {
        Operations.Function(
            name: kind.rawValue, signature: "fun(name: string, help?: string, labels?: string[]): mf.Metric",
            summary: summary
        ) { operations in
            LuaCallable(kind.rawValue) { call in
                let name = try call.string(0)
                guard isName(name, colons: true) else {
                    throw MFError.badArgument(1, of: call.name, "`\(name)` is not the name of a metric").replacing(
                        hint: "use letters, digits and `_`, and no digit first: \"checks_total\"")
                }
                let labels =
                    call[2].isNothing
                    ? []
                    : try OptionType.strings.read(call, 2, path: "labels")
                        .strings(expecting: "a list of labels")
                for label in labels where !isName(label, colons: false) || label == "le" {
                    throw MFError.badArgument(3, of: call.name, "`\(label)` is not the name of a label")
                }
                let metric = try operations.facilities.metrics.metric(
                    name, try call.optionalString(1) ?? "", kind, labels, MetricsStore.defaultBounds)
                return [.object(MetricView(metric))]
            }
        }
    }

    private static func isName(_ text: String, colons: Bool) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || colons && $0 == ":") }
    }

    static let luaTypeName = "mf.Metric"
    var luaDescription: String { "mf.Metric(\(metric.name))" }
    func luaGet(_ key: LuaKey) -> LuaValue { key == .string("name") ? .string(metric.name) : .nil }

    static let luaMethods = [
        method("inc", of: [.counter, .gauge]) { series, value, metric in
            if metric.kind == .counter, value < 0 {
                throw MFError.badArgument(2, of: "inc", "a counter does not go down")
            }
            series.value += value
        },
        method("dec", of: [.gauge]) { series, value, _ in series.value -= value },
        method("set", of: [.gauge], needsValue: true) { series, value, _ in series.value = value },
        method("observe", of: [.histogram], needsValue: true) { series, value, metric in
            if series.counts.isEmpty { series.counts = Array(repeating: 0, count: metric.bounds.count) }
            if let bucket = metric.bounds.firstIndex(where: { value <= $0 }) { series.counts[bucket] += 1 }
            series.value += value
            series.count += 1
        },
    ]

    private static func method(
        _ name: String, of kinds: [MetricsStore.Kind], needsValue: Bool = false,
        _ change: @escaping @Sendable (inout MetricsStore.Series, Double, MetricsStore.Metric) throws -> Void
    ) -> LuaCallable {
        LuaCallable(name) { call in
            let metric = try call.object(0, as: MetricView.self).metric
            guard kinds.contains(metric.kind) else {
                throw MFError.badArgument(1, of: name, "`\(metric.name)` is a \(metric.kind.rawValue)")
            }
            let value = needsValue ? try call.number(1) : try call.optionalNumber(1) ?? 1
            let labels = try labels(of: metric, call)
            var series = metric.values[labels] ?? MetricsStore.Series()
            if metric.values[labels] == nil, metric.values.count >= MetricsStore.most {
                throw MFError(
                    .invalidOptions, "metric `\(metric.name)` has \(MetricsStore.most) combinations of labels",
                    hint: "a label takes a few values, such as a status, not ids")
            }
            try change(&series, value, metric)
            metric.values[labels] = series
            return []
        }
    }

    private static func labels(of metric: MetricsStore.Metric, _ call: LuaCall) throws -> [String] {
        if metric.labels.isEmpty, call[2].isNothing { return [] }
        let table = OptionTable(metric.labels.map { .init($0, .string, isRequired: true) })
        let values = try table.read(call[2].isNothing ? .record(LuaRecord()) : call[2], of: call.name)
        return metric.labels.map { values[$0].stringValue ?? "" }
    }
}
