import Diagnostics
import TestSupport
import Testing

@testable import Authoring

/// Publishing builds.
@Suite struct PublicationTests {
    /// A target that fails, or changes what is written, at one of its writes.
    private final class MemoryTarget: PublishTarget {
        struct Stopped: Error {}
        struct State {
            var files: [String: [UInt8]] = [:]
            var writes: [String] = []
            var stopsAfter: Int?
            var damages: String?
        }
        let state = Locked(State())
        var shown: String { "memory" }

        func read(_ path: String) async throws -> [UInt8]? { state.withLock { $0.files[path] } }
        func names() async throws -> [String]? { nil }
        func write(_ bytes: [UInt8], to path: String) async throws {
            try state.withLock { state in
                if state.writes.count == state.stopsAfter { throw Stopped() }
                state.writes.append(path)
                state.files[path] = path == state.damages ? bytes + [0] : bytes
            }
        }
        var files: [String: [UInt8]] { state.withLock { $0.files } }
        var writes: [String] { state.withLock { $0.writes } }
    }

    private let sample: SampleProject
    private let output: String

    init() throws {
        sample = try SampleProject()
        output = sample.folder.path + "/dist"
        try ProjectBuild(folder: sample.folder.path, output: output).run()
    }

    private func publish(to target: some PublishTarget) async throws {
        let publication = try Publication(output, to: target)
        try await publication.publish(try await publication.plan())
    }

    private func build(_ changes: [String: String]) throws {
        for (path, text) in changes { try sample.folder.write(path, text) }
        try ProjectBuild(folder: sample.folder.path, output: output).run()
    }

    private func config(version: String, more: String = "") -> String {
        """
        return { name = "checks", version = "\(version)",
          exposes = { ["./disk"] = "src/disk.lua", ["./units"] = "src/units.lua" }, \(more) }
        """
    }

    @Test func manifestIsWrittenLastAndNothingTwice() async throws {
        let target = MemoryTarget()
        try await publish(to: target)
        #expect(target.writes.last == "mf-manifest.json")
        #expect(Set(target.writes).count == target.writes.count && target.writes.count > 4)
        let before = target.writes.count
        try await publish(to: target)
        #expect(target.writes.count - before <= 1, "only the statistics are written again")
    }

    @Test func hostsSeeTheOldVersionOrTheNewWhereverItIsStopped() async throws {
        let old = MemoryTarget()
        try await publish(to: old)
        let first = old.files
        try build([ProjectConfig.fileName: config(version: "1.5.0"), "src/units.lua": "return {}"])
        let whole = MemoryTarget()
        try await publish(to: whole)
        for stop in 0..<whole.writes.count {
            let target = MemoryTarget()
            target.state.withLock { ($0.files, $0.stopsAfter) = (first, stop) }
            await #expect(throws: MemoryTarget.Stopped.self) { try await publish(to: target) }
            for (path, bytes) in first where path != "mf-stats.json" { #expect(target.files[path] == bytes) }
            // The next attempt goes on from there.
            target.state.withLock { $0.stopsAfter = nil }
            try await publish(to: target)
            #expect(target.files["mf-manifest.json"] == whole.files["mf-manifest.json"])
        }
    }

    @Test func sameVersionWithOtherContentsIsRefused() async throws {
        let target = MemoryTarget()
        try await publish(to: target)
        let before = target.files
        try build(["src/units.lua": "return { changed = true }"])
        await expectMFError(.versionExists) { try await publish(to: target) }
        #expect(target.files == before)
    }

    @Test func fileThatIsThereWithOtherBytesIsRefused() async throws {
        let target = MemoryTarget()
        let folder = try #require(entries(of: output).first { $0.hasPrefix("1.4.0-") })
        target.state.withLock { $0.files["\(folder)/units.lua"] = [1] }
        await expectMFError(.versionExists) { try await publish(to: target) }
        #expect(target.writes.isEmpty)
    }

    @Test func whatIsReadBackMustBeWhatWasWritten() async throws {
        let target = MemoryTarget()
        target.state.withLock { $0.damages = "mf-stats.json" }
        await expectMFError(.publishFailed) { try await publish(to: target) }
        #expect(target.files["mf-manifest.json"] == nil)
    }

    @Test func changesAreToldByExposeShareAndFunction() async throws {
        let target = MemoryTarget()
        try build([
            ProjectConfig.fileName: config(version: "1.4.1"),
            "src/disk.lua": "local M = {} function M.a() end return M",
        ])
        let first = try Publication(output, to: target)
        #expect(try await first.plan().changes == ["first version: 1.4.1"])
        try await publish(to: target)
        try build([
            ProjectConfig.fileName: """
            return { name = "checks", version = "1.5.0",
              exposes = { ["./disk"] = "src/disk.lua", ["./memory"] = "src/memory.lua" },
              shared = { statsd = { import = false, requiredVersion = "^1.0.0" } } }
            """,
            "src/disk.lua": "local M = {} function M.b(x) end return M",
        ])
        #expect(
            try await Publication(output, to: target).plan().changes == [
                "version: 1.4.1 → 1.5.0", "exposes: ~ ./disk", "exposes: + ./memory", "exposes: - ./units",
                "shared: + statsd ^1.0.0", "api: - checks_disk.a()", "api: - checks_units.percent(n)",
                "api: + checks_disk.b(x)", "api: + checks_memory.usage()",
            ])
    }

    @Test func damagedBuildIsRefused() async throws {
        let folder = try #require(entries(of: output).first { $0.hasPrefix("1.4.0-") })
        try sample.folder.delete("dist/\(folder)/units.lua")
        expectMFError(.notABuild) { try Publication(output, to: MemoryTarget()) }
        expectMFError(.notABuild) { try Publication(sample.folder.path, to: MemoryTarget()) }
    }

    @Test func folderGetsTheBuildAndKeepsOldVersions() async throws {
        let web = try TemporaryFolder()
        let target = FolderTarget(web.path + "/checks")
        try await publish(to: target)
        let old = entries(of: target.path)
        try build([ProjectConfig.fileName: config(version: "2.0.0")])
        try await publish(to: target)
        #expect(Set(entries(of: target.path)).isSuperset(of: old))
        #expect(try ProjectCheck(target.path).findings.filter { $0.rule == .build } == [])
        try build([ProjectConfig.fileName: config(version: "1.4.0")])
        await expectMFError(.versionExists) { try await publish(to: target) }
    }
}
