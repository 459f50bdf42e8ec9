import Testing

@testable import mflua_conformance

@Suite(.timeLimit(.minutes(2))) struct NormalFormTests {
    @Test(arguments: [
        (#"{"args":{"b":1,"a":null}}"#, #"{"args":{"b":1}}"#),
        (#"{"ok":null}"#, #"{"ok":null}"#),
        (#"{"ok":{"x":[]}}"#, #"{"ok":{"x":{}}}"#),
        (#"{"ok":["snapshot-plugin","p"]}"#, #"{"ok":["p"]}"#),
        (#"{"ok":{"loaded":true,"loading":true}}"#, #"{"ok":{"loaded":true}}"#),
        (#"{"ok":{"loaded":false,"loading":true}}"#, #"{"ok":{"loaded":false,"loading":true}}"#),
        (#"{"ok":{"version":"","name":""}}"#, #"{"ok":{"name":""}}"#),
        (#"{"error":"entry load failed: app1","detail":{"a":1}}"#, #"{"error":"RUNTIME-008"}"#),
        (#"{"args":{"error":"<error entry load failed: a>"}}"#, #"{"args":{"error":"<error RUNTIME-008>"}}"#),
        (#"{"error":"type error (reads nothing)"}"#, #"{"error":"<some error>"}"#),
        (
            #"{"hook":"createScript","args":{"attrs":{"a":1},"url":"u"}}"#,
            #"{"args":{"url":"u"},"hook":"createScript"}"#
        ),
    ])
    func lineIsBroughtIntoNormalForm(_ line: String, _ normal: String) throws {
        #expect(try NormalForm.lines(of: line) == [normal])
    }

    @Test func remarksAreNotCompared() throws {
        let trace = """
            {"difference":"D1","why":"told"}
            {"log":"warn","text":"x"}
            {"unhandled":["x"]}
            {"step":0,"op":"init","ok":true}
            """
        #expect(try NormalForm.lines(of: trace).count == 1)
    }

    @Test func unorderedLinesAreSorted() throws {
        let one = #"{"step":1,"unordered":[{"note":"b"},{"note":"a"},{"log":"warn"}]}"#
        let other = #"{"step":1,"unordered":[{"note":"a"},{"note":"b"}]}"#
        #expect(try NormalForm.lines(of: one) == NormalForm.lines(of: other))
    }
}

@Suite(.timeLimit(.minutes(2))) struct TraceDifferenceTests {
    @Test func anyErrorWillDoForATypeError() throws {
        let expected = #"{"step":0,"op":"loadShare","error":"type error (calls a non-function)"}"#
        let actual = #"{"step":0,"op":"loadShare","error":"Cannot find \"x\""}"#
        #expect(try TraceDifference.first(expected: expected, actual: actual) == nil)
        let success = #"{"step":0,"op":"loadShare","ok":true}"#
        #expect(try TraceDifference.first(expected: expected, actual: success) != nil)
    }

    @Test func refusedAnswerStandsForTheErrorOfTheRecordedRuntime() throws {
        let expected = #"{"args":{"error":"<error syntax error>","id":"a"}}"#
        let actual = #"{"args":{"error":"<error HTTP status 404>","id":"a"}}"#
        #expect(try TraceDifference.first(expected: expected, actual: actual) == nil)
        let noError = #"{"args":{"id":"a"}}"#
        #expect(try TraceDifference.first(expected: noError, actual: actual) != nil)
    }

    @Test func firstDifferingLineIsTold() throws {
        let expected = "{\"note\":\"a\"}\n{\"note\":\"b\"}\n"
        let actual = "{\"note\":\"a\"}\n{\"note\":\"c\"}\n"
        let difference = try #require(try TraceDifference.first(expected: expected, actual: actual))
        #expect(difference.line == 2)
        #expect(difference.rendered().contains("^"))
    }

    @Test func missingLinesAreADifference() throws {
        let difference = try TraceDifference.first(expected: "{\"note\":\"a\"}\n", actual: "")
        #expect(difference?.actual == "<end of the trace>")
    }
}
