import Diagnostics
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct LuaValueTests {
    @Test(arguments: [
        LuaValue.nil, true, false, 0, .integer(.max), .integer(.min), 0.5, .number(1e300), "", "text", "a\u{0}b", "ü€𝄞",
        .bytes([0xFF, 0x00, 0xFE]), .null,
    ])
    func valuesComeBackAsTheyWere(_ value: LuaValue) async throws {
        try await withState { state in
            let results = try state.run("return ...", value)
            #expect(results == [value])
        }
    }

    @Test func numbersKeepTheirKind() async throws {
        try await withState { state in
            let types = try state.run("local a, b = ...; return math.type(a), math.type(b)", 3, 3.0)
            #expect(types == ["integer", "float"])
        }
    }

    @Test func stringsAreBytes() async throws {
        try await withState { state in
            let results = try state.run("return #(...), (...):byte(1, -1)", "ä\u{0}")
            #expect(results == [3, 0xC3, 0xA4, 0])
        }
    }

    @Test func treesBecomeTables() async throws {
        try await withState { state in
            let tree: LuaValue = ["name": "a", "list": [1, 2, ["deep": true]], "none": nil]
            let results = try state.run("local t = ...; return t.name, #t.list, t.list[3].deep, t.none", tree)
            #expect(results == ["a", 3, true, nil])
        }
    }

    @Test func aTreeThatIsTooDeepIsRefused() async throws {
        try await withState { state in
            var tree: LuaValue = []
            for _ in 0..<2000 { tree = [tree] }
            expectMFError(.tooDeep) { try state.run("return ...", tree) }
            let after = try state.run("return 1")
            #expect(after == [1])
        }
    }

    @Test func manyArgumentsAndResultsPass() async throws {
        try await withState { state in
            let many = (1...5000).map { LuaValue.integer($0) }
            let echo = try state.load("return ...", name: "=echo")
            #expect(try state.call(echo, many) == many)
        }
    }

    @Test func valuesOfAnotherStateAreRefused() async throws {
        try await withState { state in
            let other = try LuaState(loop: state.loop)
            defer { other.close() }
            let table = try other.makeTable()
            expectMFError(.luaConversion) { try state.run("return ...", .table(table)) }
        }
    }

    @Test func literalsReadLikeLua() {
        let value: LuaValue = ["a": 1, "b": ["x", 2.5, nil], "c": true]
        #expect(value["a"] == 1)
        #expect(value["b"][2] == 2.5)
        #expect(value["missing"].isNil)
        #expect(value.description == #"{a = 1, b = {"x", 2.5, nil}, c = true}"#)
    }
}

/// Strings on both sides of what valid UTF-8 is.
@Suite(.timeLimit(.minutes(2))) struct LuaTextTests {
    @Test(
        arguments: [
            [0x41, 0xC3, 0xA4], [0xF0, 0x9D, 0x84, 0x9E], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80],
            [0xF4, 0x8F, 0xBF, 0xBF],
            [0xE0, 0xA0, 0x80], [0xF0, 0x90, 0x80, 0x80], [0xC2, 0x80],
        ] as [[UInt8]])
    func validTextIsAString(_ bytes: [UInt8]) async throws {
        try await withState { state in
            let results = try state.run("return ('12345678' .. ...)", .bytes(bytes))
            #expect(results == [.string("12345678" + String(decoding: bytes, as: UTF8.self))])
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC3], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xE2, 0x28, 0xA1],
        ] as [[UInt8]])
    func otherBytesStayBytes(_ bytes: [UInt8]) async throws {
        try await withState { state in
            let results = try state.run("return ('12345678' .. ...)", .bytes(bytes))
            #expect(results == [.bytes(Array("12345678".utf8) + bytes)])
        }
    }
}
