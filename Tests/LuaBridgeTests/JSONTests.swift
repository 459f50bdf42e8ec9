import Diagnostics
import Glibc
import LuaBridge
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(120))) struct JSONTests {
    // MARK: - What has to be accepted

    @Test(arguments: [
        ("null", LuaValue.null), ("true", true), (" false ", false), ("0", 0), ("-0", .number(-0.0)), ("17", 17),
        ("-3", -3),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1.0", .number(1)), ("-0.5e1", .number(-5)),
        ("1E2", .number(100)), ("1e+2", .number(100)), ("20e-1", .number(2)), ("0e1", .number(0)),
        ("1e-400", .number(0)),
        ("123456789012345678901234567890", .number(1.2345678901234568e29)), ("0.1", .number(0.1)),
        ("\"\"", ""), ("\"a\"", "a"), ("[]", .array([])), ("{}", .record(LuaRecord())), ("\t[\r\n]\n", .array([])),
        ("[1,\"a\",null]", .array([1, "a", .null])), ("[[[]]]", .array([.array([.array([])])])),
        ("{\"a\":{\"b\":[]}}", .record(LuaRecord([("a", .record(LuaRecord([("b", .array([]))])))]))),
        ("{\"\":0}", .record(LuaRecord([("", 0)]))),
        ("{\"a\" : 1 , \"b\" : 2 }", .record(LuaRecord([("a", 1), ("b", 2)]))),
        ("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\u{8}\u{C}\n\r\t"), ("\"\\u0041\\u00e9\\u20AC\"", "Aé€"),
        ("\"\\u0000\"", "\0"), ("\"a\\u0000b\"", "a\0b"), ("\"\\uD83D\\ude00\"", "😀"),
        ("\"\\uDBFF\\uDFFF\"", "\u{10FFFF}"),
        ("\"\u{7F}\u{80}\u{2028}\u{FFFF}\"", "\u{7F}\u{80}\u{2028}\u{FFFF}"), ("\"é漢😀\"", "é漢😀"),
        ("\"a long text without escapes\"", "a long text without escapes"),
        ("\"/*\"", "/*"), ("\"\\\\u0000\"", "\\u0000"), ("\"\\\\n\"", "\\n"), ("\u{FEFF}1", 1),
    ])
    func reads(_ text: String, _ value: LuaValue) throws {
        #expect(try JSON.decode(text) == value)
        #expect(try JSON.decode(Array(text.utf8)) == value)
    }

    @Test(arguments: [
        "[1,\"a\",null,true,false,-2.5]", "{\"a\":{\"b\":[[],{}]},\"c\":\"\\u00e9\\n\"}", "[]",
        "{\"a\":1,\"a\":3}",
    ])
    func whatLuaAsksForIsReadAsThroughATree(_ text: String) async throws {
        try await withState { state in
            var text = text
            let direct = try text.withUTF8 { try state.decodeJSON($0) }
            let throughTree = try state.makeTable(JSON.decode(text)).copied()
            let copy = try direct.tableValue?.copied()
            #expect(copy == throughTree)
        }
    }

    @Test(arguments: [("7", LuaValue.integer(7)), ("null", .null), ("\"a\"", "a")])
    func aScalarIsReadForLua(_ text: String, _ value: LuaValue) async throws {
        try await withState { state in
            var text = text
            let read = try text.withUTF8 { try state.decodeJSON($0) }
            #expect(read == value)
        }
    }

    @Test func halfAnObjectLeavesNothingInLua() async throws {
        try await withState { state in
            var text = "{\"a\":[1,2,{\"b\":"
            expectMFError(.jsonSyntax) { try text.withUTF8 { try state.decodeJSON($0) } }
            let results = try state.run("return 1")
            #expect(results == [1])
        }
    }

    // MARK: - What has to be refused

    @Test(arguments: [
        "", " ", "\u{A0}1", "nul", "nulll", "True", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "-.5", "1e",
        "1e+", "0x1",
        "1_000", "1 2", "1,", "--1", "- 1", "1.e1", "0.3e", "2.e3", "1eE2", "0e+-1", "１", "'a'", "\"", "\"a", "\"\\\"",
        "\"\\a\"", "\"\\x41\"", "\"\\u00\"", "\"\\u00G0\"", "\"\\U0041\"", "\"\\\u{1F300}\"", "\"\t\"", "\"\n\"",
        "\"\0\"", "\"a\u{1F}\"", "a",
        "[", "]", "[,]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1,,2]", "[1:2]", "[\"a\"", "[}", "[1]]", "[]a", "[*]",
        "{", "}", "{a:1}", "{'a':1}", "{\"a\"}", "{\"a\":}", "{\"a\":1", "{\"a\":1,}", "{,}", "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\",1}", "{1:1}", "{null:1}", "{\"a\":1}}", "{\"a\":1}#", "{\"a\":/**/1}", "// 1", "{[:1}",
        "{\"a\":1,,\"b\":2}", "undefined",
        "[1\u{C}]", "<html>", "\u{FEFF}", "1\u{FEFF}", "\\u0041", "[\u{0}]", "1e400", "-1e999",
    ])
    func refuses(_ text: String) throws {
        expectMFError(.jsonSyntax) { try JSON.decode(text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22], [0x22, 0x5C, 0x6E, 0x80, 0x22], [0xFF],
            [0x22, 0x5C, 0x75, 0x30, 0x30, 0xE5, 0x22], [0x31, 0x00], [0xFE, 0xFF, 0x00, 0x22],
        ] as [[UInt8]])
    func refusesInvalidUTF8(_ bytes: [UInt8]) throws {
        expectMFError(.jsonSyntax) { try JSON.decode(bytes) }
    }

    @Test(arguments: [
        ("\"\\uD800\"", "\u{FFFD}"), ("\"\\uDC00a\"", "\u{FFFD}a"), ("\"\\uD800\\u0041\"", "\u{FFFD}A"),
        ("\"\\uD800\\uD83D\\uDE00\"", "\u{FFFD}😀"), ("\"\\uD800\\n\"", "\u{FFFD}\n"),
    ])
    func aLoneSurrogateIsReplaced(_ text: String, _ value: String) throws {
        #expect(try JSON.decode(text) == .string(value))
    }

    // MARK: - Objects

    @Test func keysKeepTheirOrderAndTheLastOfEqualOnesWins() throws {
        let value = try JSON.decode("{\"b\":1,\"a\":2,\"b\":3}")
        #expect(value == .record(LuaRecord([("b", 3), ("a", 2)])))
        let many = (0..<200).map { "\"k\($0 % 150)\":\($0)" }.joined(separator: ",")
        let record = try #require(try JSON.decode("{\(many)}").recordValue)
        #expect(record.count == 150)
        #expect(record["k10"] == 160 && record["k149"] == 149)
    }

    @Test func keysAreComparedByteByByte() throws {
        let record = try #require(try JSON.decode("{\"\\u00e9\":1,\"e\\u0301\":2}").recordValue)
        #expect(record.count == 2)
    }

    // MARK: - Depth

    @Test func depthIsLimited() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSON.decode(nested(JSON.maximumDepth))
        expectMFError(.jsonSyntax) { try JSON.decode(nested(JSON.maximumDepth + 1)) }
        expectMFError(.jsonSyntax) { try JSON.decode(String(repeating: "{\"a\":", count: 100_000)) }
        expectMFError(.jsonSyntax) { try JSON.decode("[[[1]]]", maxDepth: 2) }
        _ = try JSON.decode("[[1]]", maxDepth: 2)
    }

    @Test func bothWaysNestAsDeep() throws {
        let text = String(repeating: "[", count: JSON.maximumDepth) + String(repeating: "]", count: JSON.maximumDepth)
        #expect(String(decoding: try JSON.encode(try JSON.decode(text)), as: UTF8.self) == text)
    }

    @Test func holesAndMixedKeysAreErrorsThatSayWhere() throws {
        let hole = LuaValue.record(["a": .record(LuaRecord([.init(key: 1, value: 1), .init(key: 3, value: 3)]))])
        #expect(expectMFError(.luaConversion) { try JSON.encode(hole) }?["path"] == "a[2]")
        let mixed = LuaValue.record(["a": .record(LuaRecord([.init(key: 1, value: 1), .init(key: "x", value: 3)]))])
        #expect(expectMFError(.luaConversion) { try JSON.encode(mixed) }?["path"] == "a")
    }

    @Test(arguments: ["[]", "{}", "{\"list\":[]}", "[[],{}]", "-0.0", "9223372036854775807"])
    func whatWasDecodedIntoLuaIsEncodedAsItWas(text: String) async throws {
        try await withState { state in
            let value = try text.utf8.withContiguousStorageIfAvailable { try state.decodeJSON($0) }
            #expect(String(decoding: try state.encodeJSON(try #require(value)), as: UTF8.self) == text)
        }
    }

    /// Damaged texts; a longer run: `MFLUA_FUZZ=1000000`.
    @Test func damagedTextsAreErrorsOrComeBackAsTheyWere() throws {
        let count = getenv("MFLUA_FUZZ").flatMap { Int(String(cString: $0)) } ?? 2_000
        let whole = [
            #"{"a":[1,-2.5e3,true,null,"é\u00e9\ud83d\ude00"],"b":{"c":[],"d":{}},"e":-0}"#,
            #"[[[[1e308,0.1]],"\n\t\"\\"],9223372036854775807,{"":""}]"#,
        ].map { Array($0.utf8) }
        var mutator = ByteMutator(seed: 0x150)
        var read = 0
        for round in 0..<count {
            guard let value = try? JSON.decode(mutator.damaged(whole[round % whole.count])) else { continue }
            read += 1
            let text = try JSON.encode(value)
            #expect(try JSON.encode(try JSON.decode(text)) == text)
        }
        #expect(read > count / 20)
    }

    // MARK: - Messages

    @Test(arguments: [
        ("{\n  \"é\": tru\n}", "invalid JSON at line 2, column 8: expected a value, found `tru`"),
        ("[1 2]", "invalid JSON at line 1, column 4: expected `,` or `]`, found `2`"),
        ("{\"a\" 1}", "invalid JSON at line 1, column 6: expected `:`, found `1`"),
        ("[1,", "invalid JSON at line 1, column 4: expected a value, found the end of the text"),
        ("{a:1}", "invalid JSON at line 1, column 2: expected a key in quotes or `}`, found `a`"),
        ("[é]", "invalid JSON at line 1, column 2: expected a value, found `é`"),
        ("012", "invalid JSON at line 1, column 1: a number cannot begin with a zero"),
    ])
    func saysWhere(_ text: String, _ message: String) throws {
        #expect(expectMFError(.jsonSyntax) { try JSON.decode(text) }?.message == message)
    }

    @Test func recognizesPagesAndCutTexts() throws {
        let page = expectMFError(.jsonSyntax) { try JSON.decode("\n<!DOCTYPE html><p>not found") }
        #expect(page?.hint?.contains("HTML") == true)
        let cut = expectMFError(.jsonSyntax) { try JSON.decode("{\"a\": [1, 2") }
        #expect(cut?.hint?.contains("truncated") == true)
        #expect(cut?["line"] == "1" && cut?["column"] == "12")
    }

    // MARK: - Writing

    @Test(arguments: [
        (LuaValue.nil, "null"), (.null, "null"), (true, "true"), (-12, "-12"), (.number(1), "1.0"),
        (.number(0.1), "0.1"),
        (.number(1e300), "1e+300"), ("a\"b\\c\n\u{1}é/", "\"a\\\"b\\\\c\\n\\u0001é/\""), (.array([]), "[]"),
        (.record(LuaRecord()), "{}"), (.array([1, .nil, "x"]), "[1,null,\"x\"]"),
        (.record(LuaRecord([("b", 1), ("a", .array([true]))])), "{\"b\":1,\"a\":[true]}"),
    ])
    func writes(_ value: LuaValue, _ text: String) throws {
        #expect(String(decoding: try JSON.encode(value), as: UTF8.self) == text)
    }

    @Test func writesForReaders() throws {
        let value = LuaValue.record(LuaRecord([("a", .array([1, 2])), ("b", .record(LuaRecord())), ("c", "x")]))
        let text = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": \"x\"\n}"
        #expect(String(decoding: try JSON.encode(value, pretty: true), as: UTF8.self) == text)
    }

    @Test func whatJSONCannotSayIsNamedWithItsPath() throws {
        let value = LuaValue.record(LuaRecord([("a", .array([1, .number(.nan)]))]))
        let error = expectMFError(.luaConversion) { try JSON.encode(value) }
        #expect(error?["path"] == "a[2]")
        expectMFError(.luaConversion) { try JSON.encode(.bytes([0xFF])) }
        expectMFError(.luaConversion) { try JSON.encode(.number(.infinity)) }
        var deep = LuaValue.array([])
        for _ in 0...JSON.maximumDepth { deep = .array([deep]) }
        expectMFError(.tooDeep) { [deep] in try JSON.encode(deep) }
    }

    @Test func whatWasWrittenReadsTheSame() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<500 {
            let value = sample(depth: 0, &generator)
            #expect(try JSON.decode(try JSON.encode(value)) == value)
            #expect(try JSON.decode(try JSON.encode(value, pretty: true)) == value)
        }
    }

    @Test func realManifestsSurviveTheRoundTrip() throws {
        for name in ["humanlogio+perses-plugin", "rizkyhaksono+mf-product-provider"] {
            let value = try JSON.decode(try Fixture.bytes("manifests/\(name).json"))
            #expect(value["metaData"]["globalName"].stringValue?.isEmpty == false)
            #expect(try JSON.decode(try JSON.encode(value)) == value)
        }
    }

    @Test func damagedTextIsReadOrRefused() throws {
        var generator = SeededGenerator(seed: 9)
        let manifest = try Fixture.bytes("manifests/rizkyhaksono+mf-product-provider.json")
        for _ in 0..<1_000 {
            var damaged = manifest
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                damaged[Int.random(in: 0..<damaged.count, using: &generator)] = UInt8.random(
                    in: 0...255, using: &generator)
            }
            do {
                _ = try JSON.decode(damaged)
            } catch MFError.Code.jsonSyntax {}
        }
    }

    private func sample(depth: Int, _ generator: inout SeededGenerator) -> LuaValue {
        switch Int.random(in: 0...(depth < 4 ? 8 : 5), using: &generator) {
        case 0: return .null
        case 1: return .boolean(Bool.random(using: &generator))
        case 2: return .integer(Int64(bitPattern: generator.next()))
        case 3: return .number(Double.random(in: -1e6...1e6, using: &generator))
        case 4: return .number(Double(bitPattern: generator.next() & 0x7FDF_FFFF_FFFF_FFFF))
        case 5:
            return .string(
                ["", "a", "é\n\"", "\0", "😀 and a longer text", "\u{2028}"].randomElement(using: &generator)!)
        case 6, 7:
            return .array(
                (0..<Int.random(in: 0...4, using: &generator)).map { _ in sample(depth: depth + 1, &generator) })
        default:
            return .record(
                LuaRecord(
                    (0..<Int.random(in: 0...20, using: &generator)).map {
                        ("k\($0)é", sample(depth: depth + 1, &generator))
                    }))
        }
    }
}
