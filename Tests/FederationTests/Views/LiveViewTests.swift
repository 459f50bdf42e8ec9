import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

@Suite(.timeLimit(.minutes(2))) struct LiveViewTests {
    // MARK: - Lists

    @Test func aListIsReadByItsIndexFromOne() throws {
        let list = LiveList(["a", "b"])
        #expect(try list.luaGet(1) == "a")
        #expect(try list.luaGet(2) == "b")
        for key: LuaKey in [0, 3, -1, .integer(.max), "1", "length", .other] {
            #expect(try list.luaGet(key) == .nil)
        }
        #expect(list.luaCount == 2)
        #expect(list.luaKeys == [1, 2])
    }

    @Test func aListIsWrittenAsLuaWritesLists() throws {
        let list = LiveList(["a", "b"])
        try list.luaSet(2, "B")
        try list.luaSet(3, "c")
        #expect(list.elements == ["a", "B", "c"])
        try list.luaSet(3, .nil)
        try list.luaSet(3, .nil)
        #expect(list.elements == ["a", "B"])
        expectMFError(.luaConversion) { try list.luaSet(1, .nil) }
        expectMFError(.luaConversion) { try list.luaSet(4, "x") }
        expectMFError(.luaConversion) { try list.luaSet(0, "x") }
        expectMFError(.luaConversion) { try list.luaSet("name", "x") }
        let error = expectMFError(.luaConversion) { try list.luaSet(1, 5) }
        #expect(error?.message == "`[1]`: expected a string, found the number 5")
        #expect(list.elements == ["a", "B"])
    }

    @Test func aListIsMadeOfATableOrStaysTheOneItIs() throws {
        let list = LiveList([1, 2])
        #expect(try LiveList<Int>.fromLua(.object(list)) === list)
        #expect(try LiveList<Int>.fromLua(.array([3, .number(4)])).elements == [3, 4])
        #expect(try LiveList<Int>.fromLua(.record(LuaRecord())).elements.isEmpty)
        #expect(try LiveList<String>.fromLua(.object(LiveList<LuaValue>(["x"]))).elements == ["x"])
        let error = expectMFError(.luaConversion) { try LiveList<Int>.fromLua(.array([1, "x"])) }
        #expect(error?["path"] == "[2]")
        expectMFError(.luaConversion) { try LiveList<Int>.fromLua("x") }
        expectMFError(.luaConversion) { try LiveList<Int>.fromLua(.record(LuaRecord([("a", 1)]))) }
    }

    // MARK: - Maps

    @Test func aMapKeepsTheOrderOfInsertion() throws {
        let map = LiveMap<Int>([(key: "b", value: 1), (key: "a", value: 2)])
        try map.luaSet("1.0.0", 3)
        try map.luaSet("b", 4)
        #expect(map.luaKeys == ["b", "a", "1.0.0"])
        try map.luaSet("b", .nil)
        try map.luaSet("b", 5)
        #expect(map.keys == ["a", "1.0.0", "b"])
        #expect(map.values == [2, 3, 5])
        #expect(map.luaCount == 3)
    }

    @Test func anIntegerKeyOfAMapIsItsText() throws {
        let map = LiveMap<String>()
        try map.luaSet(17, "x")
        #expect(map["17"] == "x")
        #expect(try map.luaGet(17) == "x")
        #expect(try map.luaGet(.other) == .nil)
        expectMFError(.luaConversion) { try map.luaSet(.other, "x") }
    }

    @Test func keysOfAMapAreComparedByteByByte() throws {
        let map = LiveMap<Int>()
        map["caf\u{E9}"] = 1
        map["cafe\u{301}"] = 2
        #expect(map.count == 2)
        #expect(map["caf\u{E9}"] == 1)
    }

    @Test func nestedWritesReachTheOwner() throws {
        let scopes = LiveMap<LiveMap<LuaValue>>()
        scopes["default"] = LiveMap()
        guard case .object(let scope) = try scopes.luaGet("default") else { throw Unexpected() }
        try scope.luaSet("react", "18")
        #expect(scopes["default"]?["react"] == "18")
        try scopes.luaSet("other", .record(LuaRecord([("vue", "3")])))
        #expect(scopes["other"]?["vue"] == "3")
        let error = expectMFError(.luaConversion) { try scopes.luaSet("bad", 1) }
        #expect(error?["path"] == "bad")
    }

    @Test func everyChangeIsCounted() throws {
        let list = LiveList([1])
        let map = LiveMap<Int>()
        let (before, beforeMap) = (list.revision, map.revision)
        list.append(2)
        list[0] = 3
        try list.luaSet(1, 4)
        #expect(list.revision == before + 3)
        map["a"] = 1
        map.removeValue(forKey: "a")
        map.removeValue(forKey: "a")
        #expect(map.revision == beforeMap + 2)
        _ = map.value(for: "x", orInsert: 1)
        #expect(map.value(for: "x", orInsert: 2) == 1)
    }

    // MARK: - Conversions

    @Test func valuesCrossByTheirTypes() throws {
        #expect(try Int.fromLua(.number(3)) == 3)
        #expect(try Double.fromLua(3) == 3)
        #expect(try Bool?.fromLua(.null) == nil)
        #expect(try [String]?.fromLua(.array(["a"])) == ["a"])
        #expect([1, 2].luaValue == .array([1, 2]))
        #expect([[Int]].luaType == "integer[][]")
        expectMFError(.luaConversion) { try Int.fromLua(.number(1.5)) }
        expectMFError(.luaConversion) { try Int.fromLua(.number(.infinity)) }
        expectMFError(.luaConversion) { try String.fromLua(1) }
        expectMFError(.luaConversion) { try Bool.fromLua(.nil) }
        let error = expectMFError(.luaConversion) {
            try [[String]].fromLua(.array([.array([]), .array(["a", true])]))
        }
        #expect(error?.message == "`[2][2]`: expected a string, found true")
    }

    struct Unexpected: Error {}
}
