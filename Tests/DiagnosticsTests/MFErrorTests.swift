import Diagnostics
import Testing

@Suite struct MFErrorTests {
    private let notExposed = MFError(
        .exposeNotFound, "remote `app2` does not expose `./button`",
        context: [("host", "shell"), ("request", "app2/button"), ("url", nil)], hint: "it exposes `./Button`, `./card`")

    @Test func isCaughtByItsCode() {
        do {
            throw notExposed
        } catch MFError.Code.remoteNotFound {
            Issue.record("caught by another code")
        } catch MFError.Code.exposeNotFound {
        } catch {
            Issue.record("not caught by its code")
        }
    }

    @Test func otherErrorsAreNotCaughtByCode() {
        #expect(!(MFError.Code.exposeNotFound ~= CancellationError()))
    }

    @Test func rendersMessageContextAndHint() {
        #expect(
            notExposed.rendered() == """
                error: remote `app2` does not expose `./button` [RUNTIME-014]
                  host: shell
                  request: app2/button

                hint: it exposes `./Button`, `./card`
                """)
    }

    @Test func rendersCausesNestedAndOneTraceback() {
        let network = MFError(
            .fetchNetwork, "cannot connect", context: [("url", "http://127.0.0.1:1/")], hint: "start it")
        let script = MFError(
            .luaRuntime, "x.lua:1: no\nluck", cause: network,
            traceback: "stack traceback:\n\t[C]: in function 'error'\n\tx.lua:1: in main chunk")
        let error = MFError(.pluginLoadFailed, "cannot load plugin `x`", context: [("file", "x.lua")], cause: script)
        #expect(
            error.rendered() == """
                error: cannot load plugin `x` [HOOK-007]
                  file: x.lua
                  caused by: x.lua:1: no
                    luck [LUA-002]
                    caused by: cannot connect [FETCH-001]
                      url: http://127.0.0.1:1/

                stack traceback:
                  [C]: in function 'error'
                  x.lua:1: in main chunk

                hint: start it
                """)
    }

    @Test func rendersForeignCauses() {
        let error = MFError(.luaRuntime, "failed", cause: CancellationError())
        #expect(error.rendered() == "error: failed [LUA-002]\n  caused by: CancellationError()")
    }

    @Test func doesNotLetTextReachTheTerminalAsCommands() {
        let error = MFError(.fetchStatus, "said \u{1B}[2J\u{7}\u{9B}", context: [("body", "a\r\nb\u{0}")])
        let bytes = Set(error.rendered().unicodeScalars.map(\.value))
        #expect(bytes.isDisjoint(with: [0x1B, 0x07, 0x9B, 0x0D, 0x00]))
        #expect(error.rendered().contains("\\u{1B}[2J"))
    }

    @Test func coloursOnlyWhenAsked() {
        #expect(!notExposed.rendered().contains("\u{1B}"))
        #expect(notExposed.rendered(color: true).hasPrefix("\u{1B}[1;31merror:\u{1B}[0m "))
    }

    @Test func describesItselfInOneLineWithCauses() {
        let error = MFError(.manifestFailed, "no manifest", cause: MFError(.fetchTimeout, "too late"))
        #expect(String(describing: error) == "no manifest [RUNTIME-003]: too late [FETCH-003]")
    }

    @Test func keepsTheFirstValueWhenContextIsAdded() {
        let error = notExposed.adding(context: [("host", "other"), ("plugin", "x"), ("hook", nil)])
        #expect(error.context.map(\.key) == ["host", "request", "plugin"])
        #expect(error["host"] == "shell")
        #expect(error.hint == notExposed.hint)
        #expect(error.location == notExposed.location)
    }

    @Test func knowsWhereItWasMade() {
        #expect(notExposed.location.fileID == "DiagnosticsTests/MFErrorTests.swift")
    }
}
