import EventLoops
import Federation
import LuaBridge
import Serving
import TestSupport
import Testing
import Posix

@testable import mflua_conformance

extension OneAfterAnother {
    @Suite(.timeLimit(.minutes(2))) struct LoadStressTests {
        @Test(arguments: 1...20)
        func everyLoadGetsItsModuleOrItsError(seed: Int) async throws {
            let remotes = MoodyRemotes(seed: UInt64(seed))
            let server = try await HTTPServer.start { remotes.reply(to: $0) }
            let runtime = try Runtime(configuration: RuntimeConfiguration(logLevel: "critical"))
            try await runtime.provide(
                "stress",
                .record(
                    LuaRecord([
                        ("base", .string(server.baseURL)), ("seed", .integer(Int64(seed))), ("remotes", .integer(50)),
                        ("loads", .integer(1_000)), ("registrations", .integer(60)),
                        (
                            "calm",
                            .callable(
                                LuaCallable("calm") { _ in
                                    remotes.calm()
                                    return []
                                })
                        ),
                        (
                            "publish",
                            .callable(
                                LuaCallable(async: "publish") { call in
                                    try await runtime.provide("stress.entries", call[0])
                                    return []
                                })
                        ),
                    ])))
            let script = try File.text(of: Places.root + "/Fixtures/stress/loads.lua")
            let result = try await runtime.evaluate(script, name: "@loads.lua")
            let complaints = try await runtime.loop.perform {
                guard case .table(let table) = result.first ?? .nil else { return ["the script returned no list"] }
                return try table.pairs().compactMap { $0.1.stringValue }
            }
            #expect(complaints == [])
            // Nothing is left waiting: the runtime has no work and ends.
            try await runtime.waitUntilIdle()
            await runtime.shutdown()
            await server.stop()
        }
    }
}

/// Remotes `/gG/rN/…` that answer late, and every fifth of which now and then fails or hangs up.
private final class MoodyRemotes: Sendable {
    private struct Mood {
        var generator: SplitMix
        var isCalm = false
    }

    private let mood: Locked<Mood>

    init(seed: UInt64) {
        mood = Locked(Mood(generator: SplitMix(state: seed)))
    }

    /// From now on nothing fails.
    func calm() {
        mood.withLock { $0.isCalm = true }
    }

    func reply(to request: ServerRequest) -> ServerReply {
        let parts = request.pathWithoutQuery.split(separator: "/")
        guard parts.count == 3, let generation = Int(parts[0].dropFirst()), let number = Int(parts[1].dropFirst())
        else {
            return .text("no such thing", status: 404)
        }
        let (delay, fate) = mood.withLock { mood in
            (Int(mood.generator.next() % 8), number % 5 == 0 && !mood.isCalm ? mood.generator.next() % 4 : 3)
        }
        switch fate {
        case 0: return .hangUp(after: .milliseconds(delay))
        case 1: return .response(status: 503, body: Array("not now".utf8), delay: .milliseconds(delay))
        default:
            let text = parts[2] == "remoteEntry.js" ? entry(generation, number) : manifest(generation, number)
            return .response(status: 200, body: Array(text.utf8), delay: .milliseconds(delay))
        }
    }

    private func entry(_ generation: Int, _ number: Int) -> String {
        """
        local entries = require("stress.entries")
        return {
          init = function() entries.initialised(\(generation), \(number)) end,
          get = function() return function() return { generation = \(generation), remote = \(number) } end end,
        }
        """
    }

    private func manifest(_ generation: Int, _ number: Int) -> String {
        let spec = JSON.make(
            ("name", .string("r\(number)")), ("exposes", .make(("./x", .object([])))),
            ("manifest", .make(("publicPath", "auto"))))
        return ServedManifest(key: "g\(generation)/r\(number)", spec: spec, base: "").json.description
    }
}

/// A small generator with a seed: the same numbers in every run.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
