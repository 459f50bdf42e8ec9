import Federation
import Semver
import Posix

/// The rows of a folder's tables, checked against the functions they are about.
enum Tables {
    /// One row: where it stands, what it asks, and what is wrong with the answer.
    private struct Row {
        let name: String
        let failure: String?

        init<Answer: Equatable>(_ table: String, _ row: JSON, expected: Answer, actual: Answer) {
            name = "\(table) \(row)"
            failure = expected == actual ? nil : "expected \(expected), got \(actual)"
        }
    }

    /// Runs every table that a folder has.
    static func outcomes(in folder: String, only filter: String?) throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for (suite, rows) in [("semver", versionRows), ("match", requestRows)] {
            let path = "\(folder)/\(suite).json"
            guard File.exists(path), filter == nil || filter == suite else { continue }
            let table = try JSON.parse(File.text(of: path))
            for row in rows(table) {
                outcomes.append(
                    Outcome(
                        suite: suite, name: row.name, result: row.failure.map { .failed("  " + $0) } ?? .passed,
                        duration: .zero))
            }
        }
        return outcomes
    }
}

// MARK: - Versions

extension Tables {
    private static func versionRows(_ table: JSON) -> [Row] {
        var rows: [Row] = []
        for row in table["satisfy"]?.elements ?? [] {
            guard let version = row[0]?.text, let range = row[1]?.text, let expected = row[2]?.flag else { continue }
            rows.append(Row("satisfy", row, expected: expected, actual: VersionRange.satisfies(version, range)))
        }
        for row in table["differs"]?.elements ?? [] {
            guard let version = row[0]?.text, let range = row[1]?.text, let expected = differing(row) else { continue }
            rows.append(Row("differs", row, expected: expected, actual: VersionRange.satisfies(version, range)))
        }
        return rows
    }

    /// What npm's semver says with `includePrerelease` (D17), of a row that has its answer without.
    ///
    /// Without it a prerelease satisfies only a range that names a prerelease of the same version. Where that rule is
    /// why npm says no, the recorded answer stands: that the version lies in the range.
    private static func differing(_ row: JSON) -> Bool? {
        guard let version = row[0]?.text, let range = row[1]?.text, let recorded = row[2]?.flag, let npm = row[3]?.flag
        else { return nil }
        guard recorded, !npm, let dash = version.firstIndex(of: "-") else { return npm }
        let release = version[..<dash]
        guard release.allSatisfy({ $0.isNumber || $0 == "." }), !release.isEmpty else { return npm }
        let isNamed = range.components(separatedBy: "\(release)-").dropLast().contains { before in
            before.last.map { !$0.isNumber && $0 != "." } ?? true
        }
        return !isNamed
    }
}

// MARK: - Requests

extension Tables {
    private static func requestRows(_ table: JSON) -> [Row] {
        var rows: [Row] = []
        let sets = table["sets"] ?? .object([])
        for row in table["match"]?.elements ?? [] {
            guard let set = row[0]?.text, let id = row[1]?.text else { continue }
            rows.append(matched(row, set: sets[set]?.elements ?? [], id: id))
        }
        for row in table["matchName"]?.elements ?? [] {
            guard let set = row[0]?.text, let name = row[1]?.text else { continue }
            let index = index(of: sets[set]?.elements ?? [])
            rows.append(Row("matchName", row, expected: row[2]?.integer, actual: index.remote(named: name)))
        }
        rows += texts(table, "requestId") { RemoteRequest.id(remote: $0, expose: $1) }
        rows += texts(table, "moduleName") { RemoteRequest.moduleName(remote: $0, expose: $1) }
        rows += texts(table, "joinEntry") { Remote.joinEntry(path: $0, name: $1) }
        for row in table["autoPublicPath"]?.elements ?? [] {
            guard let url = row[0]?.text, let expected = row[1]?.text else { continue }
            rows.append(Row("autoPublicPath", row, expected: expected, actual: Remote.autoPublicPath(of: url)))
        }
        for row in table["snapshotKey"]?.elements ?? [] {
            guard let remote = row[0], let name = remote["name"]?.text, let expected = row[1]?.text else { continue }
            let key = Remote.snapshotKey(name: name, version: remote["version"]?.text, entry: remote["entry"]?.text)
            rows.append(Row("snapshotKey", row, expected: expected, actual: key))
        }
        for row in table["sameResource"]?.elements ?? [] {
            guard let a = row[0]?.text, let b = row[1]?.text, let expected = row[2]?.flag else { continue }
            rows.append(Row("sameResource", row, expected: expected, actual: Remote.isSameResource(a, b)))
        }
        return rows
    }

    private static func texts(_ table: JSON, _ name: String, _ function: (String, String) -> String) -> [Row] {
        (table[name]?.elements ?? []).compactMap { row in
            guard let a = row[0]?.text, let b = row[1]?.text, let expected = row[2]?.text else { return nil }
            return Row(name, row, expected: expected, actual: function(a, b))
        }
    }

    private static func index(of set: [JSON]) -> RemoteIndex<Int> {
        var index = RemoteIndex<Int>()
        for (position, remote) in set.enumerated() {
            index.add(position, name: remote["name"]?.text ?? "", alias: remote["alias"]?.text)
        }
        return index
    }

    private static func matched(_ row: JSON, set: [JSON], id: String) -> Row {
        let match = index(of: set).match(id)
        let actual = match.map { match in
            "\(match.value) \(match.request.pkgNameOrAlias) \(match.request.expose)"
        }
        let recorded = row[2].flatMap { recorded in
            recorded["index"]?.integer.map {
                "\($0) \(recorded["pkgNameOrAlias"]?.text ?? "") \(recorded["expose"]?.text ?? "")"
            }
        }
        return Row("match", row, expected: recorded == nil ? nil : longest(set, id) ?? recorded, actual: actual)
    }

    /// The match of the longest name where names of several remotes begin the request (D9): recorded is the first one.
    private static func longest(_ set: [JSON], _ id: String) -> String? {
        var found: [(index: Int, name: String)] = []
        for (index, remote) in set.enumerated() {
            for name in [remote["name"]?.text, remote["alias"]?.text].compactMap({ $0 })
            where id == name || id.hasPrefix(name + "/") { found.append((index, name)) }
        }
        guard Set(found.map(\.index)).count > 1, let best = found.map(\.name.utf8.count).max() else { return nil }
        let winner = found.first { $0.name.utf8.count == best }!
        return "\(winner.index) \(winner.name) \(id == winner.name ? "." : "." + id.dropFirst(winner.name.count))"
    }
}
