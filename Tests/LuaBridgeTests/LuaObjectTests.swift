import Diagnostics
import LuaBridge
import TestSupport
import Testing

/// A list that Lua sees live.
private final class LiveList: LuaObject, @unchecked Sendable {
    // Used on the loop's thread of one test.
    static let luaTypeName = "test.List"
    static let luaMethods = [
        LuaCallable("first") { call in [try call.object(0, as: LiveList.self).elements.first ?? .nil] }
    ]
    var elements: [LuaValue]

    init(_ elements: [LuaValue]) { self.elements = elements }

    func luaGet(_ key: LuaKey) throws -> LuaValue {
        switch key {
        case .integer(let index): elements.indices.contains(Int(index) - 1) ? elements[Int(index) - 1] : .nil
        case .string("fail"): throw MFError(.hostNotFound, "no host")
        default: .nil
        }
    }

    func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        guard case .integer(let index) = key else { throw MFError(.badArgument, "bad key \(key)") }
        if index == elements.count + 1 {
            elements.append(value)
        } else if value.isNil, index == elements.count {
            elements.removeLast()
        } else {
            elements[Int(index) - 1] = value
        }
    }

    var luaKeys: [LuaKey] { elements.indices.map { .integer(Int64($0 + 1)) } }
    var luaCount: Int { elements.count }
    var luaDescription: String { "list of \(elements.count)" }
}

@Suite(.timeLimit(.minutes(2))) struct LuaObjectTests {
    @Test func aViewReadsAndWritesTheObject() async throws {
        try await withState { state in
            let list = LiveList(["a", "b"])
            try state.define("list", .object(list))
            #expect(
                try state.run("list[3] = 'c'; list[1] = 'A'; return #list, list[1], list[9], list.x") == [
                    3, "A", nil, nil,
                ])
            #expect(list.elements == ["A", "b", "c"])
            #expect(try state.run("return list[1.0], tostring(list), list:first()") == ["A", "list of 3", "A"])
        }
    }

    @Test func theSameObjectIsTheSameUserdataAndInstance() async throws {
        try await withState { state in
            let list = LiveList([])
            #expect(
                try state.run(
                    "local a, b, c = ...; return a == b, a == c", .object(list), .object(list), .object(LiveList([])))
                    == [true, false])
            let back = try state.run("return ...", .object(list))[0].objectValue
            #expect(back === list)
        }
    }

    @Test func ipairsAndPairsVisitIt() async throws {
        try await withState { state in
            try state.define("list", .object(LiveList([10, 20, 30])))
            #expect(try state.run("local n = 0; for i, v in ipairs(list) do n = n + i * v end; return n") == [140])
            #expect(try state.run("local n = 0; for k, v in pairs(list) do n = n + k * v end; return n") == [140])
        }
    }

    @Test func theTableLibraryWorksOnIt() async throws {
        try await withState { state in
            let list = LiveList(["b"])
            try state.define("list", .object(list))
            #expect(
                try state.run(
                    """
                    table.insert(list, 'd')
                    table.insert(list, 1, 'a')
                    table.insert(list, 3, 'c')
                    local removed = table.remove(list)
                    return table.concat(list, ','), removed, select('#', table.unpack(list))
                    """) == ["a,b,c", "d", 3])
            #expect(list.elements == ["a", "b", "c"])
        }
    }

    @Test func anErrorInAViewIsRaised() async throws {
        try await withState { state in
            try state.define("list", .object(LiveList([])))
            #expect(
                try state.run("local ok, err = pcall(function() return list.fail end); return ok, err.code") == [
                    false, "RUNTIME-009",
                ])
            expectMFError(.badArgument) { try state.run("list.x = 1") }
            expectMFError(.luaConversion) { try state.run("(...).x = 1", .object(Tracked(Log()))) }
        }
    }

    @Test func aViewIsProtected() async throws {
        try await withState { state in
            try state.define("list", .object(LiveList([])))
            #expect(try state.run("return getmetatable(list), type(list)") == [false, "userdata"])
            expectMFError(.luaRuntime) { try state.run("debug.getmetatable(list).__index(io.stdout, 'x')") }
        }
    }

    @Test func theObjectIsReleasedAfterTheView() async throws {
        try await withState { state in
            let log = Log()
            try state.define("view", .object(Tracked(log)))
            try state.collectGarbage()
            #expect(log.all.isEmpty)
            try state.run("view = nil")
            try state.collectGarbage()
            #expect(log.all == ["gone"])
        }
    }

    @Test func objectsAreFoundInTablesAndCopies() async throws {
        try await withState { state in
            let list = LiveList([])
            let table = try state.makeTable(["list": .object(list)])
            #expect(try table.get("list") == .object(list))
            #expect(try table.copied()["list"] == .object(list))
        }
    }
}
