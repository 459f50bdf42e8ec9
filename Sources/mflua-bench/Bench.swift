import ArgumentParser
import EventLoop
import Federation
import Glibc
import LuaBridge

/// Prints each figure of the design's list beside its peer's from the same run.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mflua-bench",
        abstract: "Measures mflua against C, lua5.4, curl and Module Federation on Node.",
        discussion: """
            Each line reads: name, ours, peer, ratio, bar, and `ok` when the ratio is within the bar, else `short`. The \
            groups are: hooks, codec, tenants, json, loads, registry, reload, start, first, cold.
            """)

    @Option(help: "The mflua binary to time. By default the one beside this program.")
    var mflua: String?

    @Argument(help: "The groups to measure; all when none is named.")
    var groups: [String] = []

    func run() async throws {
        let report = Report(only: groups)
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
        print(report.shortfalls == 0 ? "all hold" : "\(report.shortfalls) short")
    }

    private func measureEngine(_ report: Report, _ site: Site) async throws {
        guard ["json", "loads", "registry"].contains(where: report.wants) else { return }
        let engine = Engine(runtime: try Runtime())
        if report.wants("json") { try await JSONFigures(engine: engine, site: site, peer: try Peer()).run(report) }
        if report.wants("loads") { try await LoadFigures(engine: engine, site: site).run(report) }
        if report.wants("registry") { try await RegistryFigures(engine: engine, site: site).run(report) }
        await engine.runtime.shutdown()
    }

    private func measureProcesses(_ report: Report, _ site: Site) throws {
        let figures = ProcessFigures(mflua: mflua ?? Self.sibling("mflua"), site: site)
        if report.wants("start") { try figures.startUp(report) }
        if report.wants("first") { try figures.firstLoad(report) }
        if report.wants("cold") { try figures.coldLoads(report) }
    }

    /// A program in the folder of this one.
    private static func sibling(_ name: String) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/\(name)"
    }
}
