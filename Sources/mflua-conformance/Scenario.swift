import Posix

/// One scenario of a folder with the trace that is expected of it.
struct Scenario: Sendable {
    let name: String
    /// The scenario's own text, `$BASE` still in it.
    let text: String
    /// What the server serves at the start.
    let served: JSON
    /// The trace as recorded; nil when the folder has none.
    let expected: String?
    /// The scenario pins something that only JavaScript does: it is not part of the set.
    let isOnlyForJavaScript: Bool
    /// The trace was recorded in a browser.
    let isFromBrowser: Bool
    /// The defect of the recorded runtime that the scenario pins, where doing better is allowed.
    let defect: String?

    init(name: String, text: String, expected: String?) throws {
        let content = try JSON.parse(text)
        self.name = name
        self.text = text
        self.expected = expected
        served = content["served"] ?? .object([])
        isOnlyForJavaScript = content["jsOnly"]?.flag ?? false
        isFromBrowser = content["target"]?.text == "dom"
        defect = content["bug"]?.text
    }
}

extension Scenario {
    /// The scenarios of a folder, by name; those for JavaScript alone are left out.
    ///
    /// - Parameters:
    ///   - folder: A folder with `scenarios` and `expected`.
    ///   - filter: A name, or the beginning of one; nil for all.
    static func all(in folder: String, only filter: String?) throws -> [Scenario] {
        guard File.exists("\(folder)/scenarios") else { return [] }
        return try Folder.names(in: "\(folder)/scenarios", endingIn: ".json").compactMap { file in
            let name = String(file.dropLast(".json".count))
            if let filter, name != filter, !name.hasPrefix(filter) { return nil }
            let trace = "\(folder)/expected/\(name).jsonl"
            let scenario = try Scenario(
                name: name, text: File.text(of: "\(folder)/scenarios/\(file)"),
                expected: File.exists(trace) ? File.text(of: trace) : nil)
            return scenario.isOnlyForJavaScript ? nil : scenario
        }
    }
}
