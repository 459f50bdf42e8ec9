import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Damaged plugin files: an error or a plugin, never a crash or a hang.
struct PluginLoaderFuzzTests {
    /// `MFLUA_FUZZ=100000` for the long run.
    private static let count = getenv("MFLUA_FUZZ").flatMap { Int(String(cString: $0)) } ?? 2_000

    @Test func damagedPluginFilesAreRefusedOrRead() async throws {
        let sources = try ["retry", "trace", "fallback"].map { try Fixture.bytes("../lua/plugins/\($0)-plugin.lua") }
        let folder = try TemporaryFolder()
        let file = try folder.write("damaged-plugin.lua", "")
        let runtime = try Runtime(configuration: RuntimeConfiguration(logLevel: "critical"))
        var mutator = ManifestMutator(seed: 0x5EED)
        var read = 0
        for round in 0..<Self.count {
            let source = mutator.damaged(sources[round % sources.count])
            try Self.write(source, to: file)
            let isPlugin = try await runtime.loop.perform {
                do {
                    _ = try PluginReader(runtime.registry, for: nil).readPlugin(
                        .object(HostPluginView(.file(file, options: ["times": 1]))))
                    return true
                } catch let error as MFError {
                    #expect(!error.message.isEmpty)
                    return false
                }
            }
            read += isPlugin ? 1 : 0
        }
        // Damage in a comment or a string leaves a plugin a plugin; most of the rest is refused.
        #expect(read > 0 && read < Self.count)
        await runtime.shutdown()
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let stream = try #require(fopen(path, "w"))
        fwrite(bytes, 1, bytes.count, stream)
        fclose(stream)
    }
}
