import Diagnostics
import Fetch
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// What `getPublicPath` of a manifest may be.
@Suite(.timeLimit(.minutes(1))) struct PublicPathTests {
    @Test(arguments: [
        #"function() { return "http://cdn/app/" }"#, #"function getPublicPath() { return 'http://cdn/app/'; }"#,
        #"function () {return `http://cdn/app/`;};"#, #"() => "http://cdn/app/""#,
        #"() => { return "http://cdn/app/"; }"#,
        #"(() => "http://cdn/app/")()"#, #"(function () { return "http://cdn/app/" })()"#, #"return "http://cdn/app/""#,
        #"return "http:\/\/cdn\u002fapp\x2f";"#, #"return ("http://" + 'cdn' + "/app/")"#,
        #"function() { const host = "cdn"; return "http://" + host + "/app/"; }"#,
        #"function() return "http://cdn/app/" end"#,
        #"function() local host = "cdn" return "http://" .. host .. "/app/" end"#,
        #"return 'http://' .. 'cdn/app/'"#,
    ])
    func theTextIsUnderstood(_ source: String) {
        #expect(PublicPathSource.value(source) == "http://cdn/app/")
    }

    @Test(arguments: [
        "", "window.base", "function() { return window.base }", "function() { return document.currentScript.src }",
        "return `http://${host}/`", "function() { return 5 }", "function() return os.getenv('BASE') end",
        #"return "http://cdn/"; alert(1)"#, #"if (x) { return "a" } return "b""#, #"function() { return "a""#,
        #"return "a"#,
        #"return "a\q""#,
    ])
    func anyOtherTextIsNot(_ source: String) {
        #expect(PublicPathSource.value(source) == nil)
    }

    @Test func aTextThatIsNotUnderstoodIsAnErrorThatShowsIt() async throws {
        let manifest = SampleRemote.manifest(name: "r", publicPath: "PATH")
            .split(separator: #""publicPath": "PATH""#).joined(
                separator: #""getPublicPath": "function() { return window.base }""#)
        let remote = #"{ name = "host", remotes = { { name = "r", entry = "http://site/mf-manifest.json" } } }"#
        try await withSite(["http://site/mf-manifest.json": manifest]) { site in
            for call in ["mf.loadRemote('r/disk')", "mf.preloadRemote { { nameOrAlias = 'r' } }"] {
                let error = await site.failure(
                    call.contains("preload") ? .preloadFailed : .entryUrlMissing,
                    """
                    local problem
                    mf.init(\(remote)):registerPlugins { { name = "p-plugin", afterPreloadRemote = function(args)
                      problem = args.results and args.results[1].results[1].error end } }
                    local ok, raised = pcall(function() \(call) end)
                    if problem then assert(tostring(problem):find("window.base", 1, true)) end
                    error(raised, 0)
                    """)
                if !call.contains("preload") {
                    #expect(error?.message.contains("function() { return window.base }") == true)
                    #expect(error?.hint?.contains("publicPath") == true)
                }
            }
            #expect(site.memory?.requestedURLs == ["http://site/mf-manifest.json"])
        }
    }
}
