import EventLoops
import Federation
import Glibc
import LuaBridge
import Posix

/// Instructions of one operation, counted by callgrind as the difference of two run lengths: the same whatever else the
/// machine does.
struct InstructionFigures {
    /// This program, which valgrind runs again with ``Loop``.
    let program: String
    let mflua: String

    func run(_ report: Report) throws {
        guard let valgrind = Child.find("valgrind") else {
            throw Child.Failure(description: "valgrind is not installed: `apt install valgrind`")
        }
        for row in Loop.rows {
            let counts = try [row.ours, row.peer].map { loop in
                try count(valgrind, loop, rounds: row.rounds * 3) - count(valgrind, loop, rounds: row.rounds)
            }
            let each = counts.map { $0 / Double(row.rounds * 2) }
            report.add(Figure(row.name, ours: each[0], peer: each[1], bar: row.bar, unit: .instructions))
        }
        let empty = try temporaryFile(named: "empty.lua")
        let start = try [[mflua, empty], ["lua5.4", empty]].map { try instructions(valgrind, $0) }
        report.add(Figure("mflua empty.lua (lua5.4)", ours: start[0], peer: start[1], bar: 3, unit: .instructions))
    }

    private func count(_ valgrind: String, _ loop: String, rounds: Int) throws -> Double {
        try instructions(valgrind, [program, "--loop", loop, "--rounds", "\(rounds)"])
    }

    /// All instructions of a process, as callgrind's file tells.
    private func instructions(_ valgrind: String, _ arguments: [String]) throws -> Double {
        let output = try temporaryFile(named: "callgrind.out")
        let options = ["--tool=callgrind", "--callgrind-out-file=\(output)", "--log-file=/dev/null"]
        guard try Child([valgrind] + options + arguments).wait().status == 0 else {
            throw Child.Failure(description: "\(arguments.joined(separator: " ")) failed under valgrind")
        }
        for line in try File.text(of: output).split(separator: "\n") where line.hasPrefix("summary:") {
            if let count = Double(line.dropFirst("summary:".count).trimmingPrefix(" ")) { return count }
        }
        throw Child.Failure(description: "callgrind wrote no summary for \(arguments.joined(separator: " "))")
    }

    private func temporaryFile(named name: String) throws -> String {
        let path = "/tmp/mflua-bench-\(getpid())-\(name)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw Child.Failure(description: "\(path) cannot be written") }
        close(file)
        return path
    }
}

/// A loop that is run on its own, so that its instructions can be counted.
enum Loop {
    struct Row {
        let name: String
        let ours: String
        let peer: String
        let rounds: Int
        let bar: Double
    }

    static let rows: [Row] =
        LoadFigures.Kind.allCases.flatMap { kind in
            [0, 1, 10].map { count in
                Row(
                    name: "loadRemote, \(kind.rawValue), \(count) plugin\(count == 1 ? "" : "s") (C limit)",
                    ours: "load-\(kind.rawValue)-\(count)", peer: "peer-load-\(kind.rawValue)-\(count)", rounds: 2_000,
                    bar: 1.5)
            }
        } + [
            Row(name: "hook, 1 listener (C)", ours: "hook-1", peer: "peer-hook-1", rounds: 2_000, bar: 1.5),
            Row(name: "hook, waterfall of 10 (C)", ours: "hook-10", peer: "peer-hook-10", rounds: 2_000, bar: 1.5),
        ]

    /// Runs a loop of a name.
    static func run(_ name: String, rounds: Int) async throws {
        let words = name.split(separator: "-").map(String.init)
        guard let count = words.last.flatMap(Int.init) else { throw unknown(name) }
        switch (words.first, words.dropFirst().first) {
        case ("load", let kind?):
            guard let kind = LoadFigures.Kind(rawValue: kind) else { throw unknown(name) }
            let site = try Site(remotes: 1)
            try await site.start(usingNginx: false)
            let engine = Engine(runtime: try Runtime())
            let figures = LoadFigures(engine: engine, site: site, peer: try Peer())
            try await engine.run(LoadFigures.hosts)
            try await figures.prepare(kind, plugins: count)
            try await engine.run(LoadFigures.loop(rounds))
            await engine.runtime.shutdown()
            await site.stop()
        case ("hook", _):
            let loop = EventLoop(name: "bench")
            try await loop.perform {
                let state = try LuaState(loop: loop)
                try DispatchFigures(state: state, peer: try Peer()).loop(count, rounds: rounds)
            }
        case ("peer", "load"?): _ = try Peer().load(plugins: count, manifest: words[2] == "manifest", rounds: rounds)
        case ("peer", "hook"?):
            _ = count == 1 ? try Peer().emit(1, rounds: rounds) : try Peer().waterfall(count, rounds: rounds)
        default: throw unknown(name)
        }
    }

    private static func unknown(_ name: String) -> Child.Failure {
        Child.Failure(description: "there is no loop `\(name)`")
    }
}
