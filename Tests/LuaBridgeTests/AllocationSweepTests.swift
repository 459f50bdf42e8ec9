import CLuaShim
import Diagnostics
import EventLoops
import Testing

@testable import LuaBridge

/// Lets the N-th allocation fail, for every N until everything succeeds: nothing crashes, nothing leaks.
///
/// Under AddressSanitizer the test says more than without.
@Suite(.serialized, .timeLimit(.minutes(2))) struct AllocationSweepTests {
    /// One failing allocation, a few, and all from there on.
    @Test(arguments: [1, 3, UInt64.max], [false, true])
    func everyAllocationMayFail(run: UInt64, isTenant: Bool) async throws {
        let loop = EventLoop(name: "sweep")
        defer { loop.stop() }
        try await loop.perform {
            let fault = UnsafeMutablePointer<mf_fault>.allocate(capacity: 1)
            defer { fault.deallocate() }
            var number: UInt64 = 0
            repeat {
                number += 1
                fault.initialize(to: mf_fault(count: 0, fail_from: number, fail_run: run, failed: 0, live: 0))
                let released = Log()
                try await Self.everything(loop, fault, released, isTenant ? .tenant(Self.limits) : .host)
                #expect(fault.pointee.live == 0, "leak when allocation \(number) failed")
                #expect(Set(released.all).isSubset(of: ["gone"]))
            } while fault.pointee.failed > 0
            #expect(number > 500)
        }
    }

    /// Every operation of the bridge, each in spite of the failure of those before.
    private static func everything(
        _ loop: EventLoop, _ fault: UnsafeMutablePointer<mf_fault>, _ log: Log, _ configuration: LuaConfiguration
    ) async throws {
        var configuration = configuration
        configuration.fault = fault
        let state: LuaState
        do { state = try LuaState(loop: loop, configuration: configuration) } catch {
            return expectMemory(error)
        }
        defer { state.close() }
        func attempt<T>(_ body: () throws -> T) -> T? {
            do { return try body() } catch {
                expectMemory(error)
                return nil
            }
        }
        let tree: LuaValue = [
            "name": "a long enough string to be no short one in Lua, beyond forty bytes", "list": [1, 2.5, true, nil],
        ]
        let table = attempt { try state.makeTable(tree) }
        _ = attempt { try table?.copied() }
        _ = attempt { try table?.pairs() }
        _ = attempt { try table?.set("more", [1, 2, 3]) }
        _ = attempt { try table?.get("list") }
        _ = attempt { try table.map { try state.readOnly($0) } }
        _ = attempt { try state.makeEnvironment(over: state.globals) }
        _ = attempt { try state.globals.set("object", .object(Tracked(log))) }
        _ = attempt {
            try state.globals.set(
                "fail", .callable(LuaCallable("fail") { _ in throw MFError(.hostNotFound, "no host") }))
        }
        _ = attempt { try state.globals.set("echo", .callable(LuaCallable("echo") { $0.arguments })) }
        _ = attempt { try state.globals.set("wait", .callable(LuaCallable(async: "wait") { $0.arguments })) }
        let chunk = attempt {
            try state.load(
                "local a = pcall(fail); local t = echo({...}); return t, object, tostring(object), echo('x')",
                name: "=sweep")
        }
        _ = attempt { try chunk.map { try state.call($0, [.table(try state.makeTable()), "text", 1]) } }
        _ = attempt {
            try state.call(state.load("local function f() error({ message = 'm' }) end; f()", name: "=raises"))
        }
        _ = attempt { try state.load("this is no Lua", name: "=syntax") }
        do {
            let waits = try state.load(
                "local c = coroutine.wrap(function() return wait(...) end); return pcall(c, {}, 'a')", name: "=waits")
            _ = try await state.callAsync(waits, ["x", 1])
        } catch { expectMemory(error) }
        do {
            let functions = try state.call(
                state.load(
                    "return function(a) a.id = a.id .. 'x' end, function(a) wait() return { id = 1, extra = {} } end",
                    name: "=l"))
            let listeners = try LuaListeners(state: state, functions: functions.compactMap(\.functionValue))
            let data = LuaEmission.Data.values(shape, ["id", .object(Tracked(log))])
            _ = try? state.emit(.sync, listeners, data, keep: true)
            _ = try await state.emitAsync(.async, listeners, data, keep: true)
        } catch { expectMemory(error) }
        _ = attempt { try state.collectGarbage() }
    }

    /// No limit that is in the way.
    private static let limits = LuaLimits(memory: 64 << 20, cpu: .seconds(600))
    private static let shape = LuaShape(["id", "object"])

    /// What the failure of an allocation may look like: its own error, or what a script makes of it.
    private static func expectMemory(_ error: any Error) {
        guard let error = error as? MFError else {
            Issue.record("\(error)")
            return
        }
        let expected: [MFError.Code] = [.luaMemory, .luaRuntime, .luaSyntax, .tooDeep]
        #expect(expected.contains(error.code), "\(error)")
    }
}
