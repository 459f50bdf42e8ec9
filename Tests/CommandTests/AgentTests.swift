import Glibc
import TestSupport
import Testing

/// The agent of `Fixtures/hosts/agent`, and what `Fixtures/deploy` says about running it.
@Suite(.timeLimit(.minutes(2))) struct AgentTests {
    /// Receives what a service tells systemd.
    private final class NotifySocket: Sendable {
        let path: String
        private let descriptor: Int32

        init(in folder: TemporaryFolder) throws {
            path = folder.path + "/notify"
            descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var name = sockaddr_un()
            name.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
            let bound = withUnsafeBytes(of: &name) {
                bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
            }
            guard bound == 0 else { throw SystemError("bind") }
        }

        deinit { close(descriptor) }

        /// Reads messages up to one that begins so, and gives it.
        func message(beginning start: String) async throws -> String {
            try await blocking { [descriptor] in
                var bytes = [UInt8](repeating: 0, count: 4096)
                while true {
                    let count = recv(descriptor, &bytes, bytes.count, 0)
                    guard count >= 0 else { throw SystemError("recv") }
                    let text = String(decoding: bytes.prefix(count), as: UTF8.self)
                    if text.hasPrefix(start) { return text }
                }
            }
        }
    }

    @Test func agentRunsItsChecksReloadsItsPluginsAndEndsInOrder() async throws {
        let folder = try TemporaryFolder()
        let source = Places.root + "/Fixtures/hosts/agent"
        try folder.write("agent.lua", try contents(of: source + "/agent.lua"))
        for name in entries(of: source + "/plugins") {
            try folder.write("plugins/" + name, try contents(of: source + "/plugins/" + name))
        }
        let socket = try NotifySocket(in: folder)
        let dead = DeadPort()
        let state = folder.path + "/state.json"
        let agent = try ChildProcess(
            Places.mflua, [folder.path + "/agent.lua"],
            environment: [
                "AGENT_INTERVAL": "20ms", "AGENT_LISTEN": "127.0.0.1:0", "AGENT_STATE": state,
                "AGENT_PROBES": "tcp://127.0.0.1:\(dead.number) unix:\(folder.path)/none",
                "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "20000",
            ])
        let ready = try await socket.message(beginning: "READY=1")
        let url = String(ready.dropFirst("READY=1\nSTATUS=serving at ".count))
        #expect(try await agent.nextOutput() == "agent at \(url)\n")
        _ = try await socket.message(beginning: "WATCHDOG=1")

        // Asked by a script: it waits until the first round is over, and the plugin that changes is taken over.
        let asked = try await mflua(
            "-",
            input: """
                local mf = require("mf")
                local function health() return mf.fetch("\(url)/healthz") end
                while health().status ~= 200 do mf.sleep(5) end
                local results = health():json().results
                print(results.disk.ok, results.load.ok, results["probe unix:\(folder.path)/none"].ok)
                mf.fs.write("\(folder.path)/plugins/load-plugin.lua",
                  "return function(o) o.add('load', function() return 'new' end) return { name = 'load-plugin' } end")
                while health():json().results.load.detail ~= "new" do mf.sleep(5) end
                print(mf.fetch("\(url)/metrics").body:match('agent_checks_total{check="disk",result="ok"}') ~= nil)
                """)
        #expect(asked.output == "true\ttrue\tfalse\ntrue\n", "\(asked)")

        agent.signal(SIGTERM)
        _ = try await socket.message(beginning: "STOPPING=1")
        let result = try await agent.result()
        #expect(result.code == 143, "\(result)")
        #expect(result.errors.contains("check probe unix:"), "\(result)")
        #expect(try contents(of: state).contains("\"rounds\":"))
    }

    @Test func aServiceIsReadyOnceItsScriptHasRun() async throws {
        let folder = try TemporaryFolder()
        let socket = try NotifySocket(in: folder)
        let host = try ChildProcess(
            Places.mflua, ["-"], input: "require('mf').every('1h', print)", environment: ["NOTIFY_SOCKET": socket.path])
        #expect(try await socket.message(beginning: "READY=1") == "READY=1")
        host.signal(SIGTERM)
        #expect(try await socket.message(beginning: "STOPPING=1") == "STOPPING=1")
        #expect(try await host.result().code == 143)
    }

    /// Where systemd is there to look at its units.
    private static let hasSystemd = access("/usr/bin/systemd-analyze", X_OK) == 0

    @Test(.enabled(if: hasSystemd), arguments: ["agent.service", "agent-hardened.service"])
    func systemdTakesTheUnit(name: String) async throws {
        let folder = try TemporaryFolder()
        let unit = try contents(of: Places.root + "/Fixtures/deploy/" + name)
        let path = try folder.write(name, unit.replacing("/usr/local/bin/mflua", with: Places.mflua))
        let result = try await ChildProcess.run("systemd-analyze", ["verify", "--man=no", path])
        #expect(result.code == 0 && !result.errors.contains(name), "\(result)")
        guard name.contains("hardened") else { return }
        // From 0, safe, to 10; in tenths.
        let score = try await ChildProcess.run(
            "systemd-analyze", ["security", "--offline=true", "--threshold=25", path])
        #expect(score.code == 0, "\(score)")
    }
}
