import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import TestSupport
import Testing

/// Tenants' states under random programs and under every memory limit. A longer run: `MFLUA_FUZZ_SECONDS=600`.
struct FuzzTests {
    @Test func everyMemoryLimitEndsInAResultOrADoom() async throws {
        let source = try Fixture.bytes("tenants/everything.lua")
        let loop = EventLoop(name: "sweep")
        defer { loop.stop() }
        let (results, violations) = try await loop.perform {
            var results = 0
            var violations = 0
            for memory in stride(from: 32 << 10, through: 2 << 20, by: 9_973 * Sanitizer.slowdown) {
                let limits = LuaLimits(memory: memory, cpu: .seconds(30))
                let state = try LuaState(loop: loop, configuration: .tenant(limits))
                defer { state.close() }
                do {
                    let chunk = try state.load(source, name: "=everything")
                    _ = try await state.start(chunk, sliceable: true).value()
                    results += 1
                } catch let error as MFError where error.code == .limitMemory {
                    violations += 1
                }
            }
            return (results, violations)
        }
        #expect(results > 50 / Sanitizer.slowdown && violations > 10 / Sanitizer.slowdown)
    }

    @Test func randomProgramsEndInAResultAnErrorOrADoom() async throws {
        let seconds = getenv("MFLUA_FUZZ_SECONDS").flatMap { Double(String(cString: $0)) } ?? 0
        let loop = EventLoop(name: "fuzz")
        defer { loop.stop() }
        let endings = try await loop.perform {
            var endings: Set<String> = []
            var seed: UInt64 = seconds > 0 ? UInt64(time(nil)) : 1
            let end = loop.now + .seconds(seconds)
            var round = 0
            while round < 400 / Sanitizer.slowdown || loop.now < end {
                round += 1
                seed &+= 1
                var program = RandomProgram(seed: seed)
                let text = program.make()
                let state = try LuaState(
                    loop: loop,
                    configuration: .tenant(LuaLimits(memory: 1 << 20, cpu: .milliseconds(20), message: 1 << 16)))
                defer { state.close() }
                do {
                    let chunk = try state.load(text, name: "=random")
                    let results = try await state.start(chunk, sliceable: true).value()
                    for case .table(let table) in results { _ = try? table.copied() }
                    endings.insert("result")
                } catch let error as MFError {
                    endings.insert(error.code.rawValue.hasPrefix("LIMIT") ? "violation" : "error")
                }
            }
            return endings
        }
        #expect(endings == ["result", "error", "violation"])
    }
}

extension CallOutcome {
    fileprivate func value() async throws -> LuaValues {
        switch self {
        case .done(let values): values
        case .waiting(let pending): try await pending.finish()
        }
    }
}
