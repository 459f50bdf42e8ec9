import ArgumentParser
import EventLoops
import Federation
import Glibc
import LuaBridge

/// Prints each figure of the design's list beside its peer's from the same run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mflua-bench",
        abstract: "Measures mflua against programs in C, lua5.4, curl and nginx.",
        discussion: """
            Each line reads: name, ours, peer, ratio, bar, and `ok` when the ratio is within the bar, else `short`. The \
            groups are: \(groupNames.joined(separator: ", ")).
            """)

    static let groupNames = [
        "hooks", "codec", "tenants", "json", "loads", "registry", "tasks", "reload", "start", "first", "cold", "serve",
    ]

    @Option(help: "The mflua binary to time. By default the one beside this program.")
    var mflua: String?

    @Option(
        name: .customLong("group"), help: ArgumentHelp("A group to measure; may be given again.", valueName: "name"))
    var groups: [String] = []

    @Option(help: ArgumentHelp("Write the figures into a file, too.", valueName: "file"))
    var json: String?

    @Flag(help: "Count instructions with callgrind in place of measuring times.")
    var instructions = false

    @Option(
        help: ArgumentHelp("Write a plot of cost against size as SVG, and measure nothing else.", valueName: "file"))
    var curves: String?

    @Option(help: .hidden)
    var loop: String?

    @Option(help: .hidden)
    var rounds = 1

    func validate() throws {
        for group in groups where !Self.groupNames.contains(group) {
            throw ValidationError(
                "There is no group '\(group)'. The groups are \(Self.groupNames.joined(separator: ", ")).")
        }
    }

    func run() async throws {
        if let loop { return try await Loop.run(loop, rounds: rounds) }
        if let curves { return try await Curves.draw(into: curves) }
        let report = Report(only: groups)
        if instructions {
            try InstructionFigures(program: Self.ownPath, mflua: command).run(report)
        } else {
            try await measure(report)
        }
        if let json { try Site.write(report.json, to: json) }
        print(report.shortfalls == 0 ? "all hold" : "\(report.shortfalls) short")
    }

    private func measure(_ report: Report) async throws {
        let loop = EventLoop(name: "bench")
        try await loop.perform {
            let peer = try Peer()
            let state = try LuaState(loop: loop)
            defer { state.close() }
            if report.wants("hooks") { try DispatchFigures(state: state, peer: peer).run(report) }
            if report.wants("codec") { try CodecFigures(state: state, peer: peer).run(report) }
            if report.wants("tenants") { try await TenantFigures(loop: loop, state: state).run(report) }
        }
        loop.stop()
        let site = try Site(remotes: 500)
        try await site.start()
        do {
            try await measureEngine(report, site)
            if report.wants("reload") { try await ReloadFigures(site: site).run(report) }
            try measureProcesses(report, site)
        } catch {
            await site.stop()
            throw error
        }
        await site.stop()
    }

    private func measureEngine(_ report: Report, _ site: Site) async throws {
        guard ["json", "loads", "registry", "tasks"].contains(where: report.wants) else { return }
        let engine = Engine(runtime: try Runtime())
        let peer = try Peer()
        if report.wants("json") { try await JSONFigures(engine: engine, site: site, peer: peer).run(report) }
        if report.wants("loads") { try await LoadFigures(engine: engine, site: site, peer: peer).run(report) }
        if report.wants("registry") { try await RegistryFigures(engine: engine, site: site).run(report) }
        if report.wants("tasks") { try await TaskFigures(engine: engine).run(report) }
        await engine.runtime.shutdown()
    }

    private func measureProcesses(_ report: Report, _ site: Site) throws {
        let figures = ProcessFigures(mflua: command, peer: Self.sibling("mflua-bench-peer"), site: site)
        if report.wants("start") { try figures.startUp(report) }
        if report.wants("first") { try figures.firstLoad(report) }
        if report.wants("cold") { try figures.coldLoads(report) }
        if report.wants("serve") { try ServeFigures(mflua: command, site: site).run(report) }
    }

    private var command: String { mflua ?? Self.sibling("mflua") }

    private static var ownPath: String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// A program in the folder of this one.
    private static func sibling(_ name: String) -> String {
        ownPath.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
    }
}
