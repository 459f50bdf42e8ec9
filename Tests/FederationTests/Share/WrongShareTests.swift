import Diagnostics
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Shared modules that are not there, or not in the version that is asked for.
@Suite(.timeLimit(.minutes(2))) struct WrongShareTests {
    private static func host(_ shareConfig: String = "", lib: String = "lib = function() return 'dep' end") -> String {
        """
        mf.init { name = "host", remotes = {}, shared = {
          statsd = { version = "1.4.0", \(lib), shareConfig = { \(shareConfig) } } } }

        """
    }

    @Test(arguments: ["loadShare", "loadShareSync"])
    func misspeltPackageIsToldTheClosest(function: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                Self.host() + """
                    local ok, e = pcall(mf.\(function), "statd")
                    return ok, e.message, e.hint
                    """)
            #expect(result[0] == false)
            #expect(result[1].stringValue?.contains("\"statd\"") == true, "\(result)")
            #expect(result[2].stringValue?.contains("`statsd`") == true, "\(result)")
        }
    }

    @Test(arguments: ["loadShare", "loadShareSync"])
    func strictSingletonInAnotherVersionNamesVersionAndRange(function: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                Self.host("singleton = true, strictVersion = true, requiredVersion = '^2.0.0'") + """
                    local ok, e = pcall(mf.\(function), "statsd")
                    return ok, e.message, e.hint ~= nil
                    """)
            #expect(result[0] == false)
            for word in ["statsd", "1.4.0", "^2.0.0"] {
                #expect(result[1].stringValue?.contains(word) == true, "\(result)")
            }
            #expect(result[2] == true)
        }
    }

    @Test func singletonInAnotherVersionIsUsedWhereItIsNotStrict() async throws {
        try await withSite { site in
            let result = try await site.lua(
                Self.host("singleton = true, requiredVersion = '^2.0.0'") + "return mf.loadShare('statsd')()")
            #expect(result == ["dep"])
        }
    }

    @Test func moduleThatMustBeWaitedForIsToldToLoadShare() async throws {
        try await withSite { site in
            let error = await site.failure(
                .shareSyncAsyncGet,
                Self.host(lib: "get = function() mf.sleep(0) return function() return 'dep' end end")
                    + "mf.loadShareSync('statsd')")
            #expect(error?.message.contains("statsd") == true)
            #expect(error?.hint?.contains("loadShare") == true)
        }
    }

    /// A `lib` that loads the module it is called for, by itself or through another.
    private static let repetitions = [
        "return mf.loadShare('statsd')()", "local made = mf.loadShare('statsd')() return made",
        "return mf.loadShareSync('statsd')()", "local made = mf.loadShareSync('statsd')() return made",
        "local made = mf.loadShare('other')() return made",
    ]

    @Test(arguments: repetitions) func libThatLoadsItselfFailsAndIsNamed(body: String) async throws {
        try await withSite { site in
            let result = try await site.lua(
                Self.host(lib: "lib = function() \(body) end") + """
                    mf.registerShared { other = { version = "1.0.0", lib = function()
                      local made = mf.loadShare("statsd")() return made end } }
                    local _, e = pcall(function() local made = mf.loadShare("statsd")() return made end)
                    return e.code, e.message
                    """)
            #expect(result[0] == "LOAD-002", "\(result)")
            #expect(result[1].stringValue?.contains("the `lib` of share `") == true, "\(result)")
        }
    }

    @Test func libThatLoadsItselfOnceIsCalledAsOftenAsOneLikes() async throws {
        try await withSite { site in
            let result = try await site.lua(
                """
                local made
                \(Self.host(lib: "lib = function() if made then return made end made = {} return mf.loadShare('statsd')() end"))
                for _ = 1, 500 do
                  made = nil
                  mf.loadShare("statsd")()
                end
                return made ~= nil
                """)
            #expect(result == [true])
        }
    }

    @Test func failingGetIsRaisedAndNotRemembered() async throws {
        try await withSite { site in
            let result = try await site.lua(
                "local fails = true "
                    + Self.host(
                        lib:
                            "get = function() if fails then error('later', 0) end return function() return 'dep' end end"
                    )
                        + """
                        local ok, e = pcall(mf.loadShare, "statsd")
                        fails = false
                        return ok, tostring(e), mf.loadShare("statsd")()
                        """)
            #expect(result == [false, "later", "dep"])
        }
    }
}
