/// Whole processes: start-up, a first load, and many cold loads.
struct ProcessFigures {
    let mflua: String
    /// The program in C that fetches, parses and runs the same.
    let peer: String
    let site: Site

    /// What the memory of a first load may be beyond the peer's, and what it may be anyhow.
    private static let (extraMemory, allowedMemory) = (8.0 * 1_048_576, 16.0 * 1_048_576)

    func startUp(_ report: Report) throws {
        let script = site.write("", to: "empty.lua")
        let peer = try Child.best(of: 25, ["lua5.4", script])
        let ours = try Child.best(of: 25, [mflua, script])
        report.add(
            Figure("mflua empty.lua (lua5.4)", ours: ours.nanoseconds, peer: peer.nanoseconds, bar: 3))
    }

    func firstLoad(_ report: Report) throws {
        let script = site.write(
            """
            local mf = require("mf")
            mf.init { name = "first", remotes = { { name = "r1", entry = "\(site.manifestURL(1))" } } }
            assert(mf.loadRemote("r1/x").usage() == 42)
            local status = io.open("/proc/self/status"):read("a")
            io.open("\(site.folder)/peak.txt", "w"):write(status:match("VmHWM:%s*(%d+)"))
            """, to: "first.lua")
        let ours = try Child.best(of: 11, [mflua, script])
        let inC = [peer, site.manifestURL(1), site.entryURL(1)]
        report.add(
            Figure(
                "init and one loadRemote, process (C with libcurl)", ours: ours.nanoseconds,
                peer: try Child.best(of: 11, inC).nanoseconds, bar: 1.5))
        let peak = try Child.output(of: inC)
        guard let kibibytes = Double(peak.prefix { $0 != "\n" }) else {
            throw Child.Failure(description: "\(peer) tells no peak memory")
        }
        report.add(
            Figure(
                "the same, resident memory (C's + 8 MiB, or 16 MiB)", ours: try peakBytes(),
                peer: max(kibibytes * 1024 + Self.extraMemory, Self.allowedMemory), bar: 1, unit: .bytes))
    }

    /// What the script above has written: the kernel's figure for a child begins with its parent's.
    private func peakBytes() throws -> Double {
        guard let kibibytes = Double(try site.read("peak.txt")) else {
            throw Child.Failure(description: "the kernel tells no VmHWM in /proc/self/status")
        }
        return kibibytes * 1024
    }

    func coldLoads(_ report: Report) throws {
        for count in [50, 500] {
            let script = site.write(
                """
                local mf = require("mf")
                local remotes, loads = {}, {}
                for number = 1, \(count) do
                  local name = "r" .. number
                  remotes[number] = { name = name, entry = "\(site.base)/" .. name .. "/mf-manifest.json" }
                  loads[number] = function() return mf.loadRemote(name .. "/x") end
                end
                mf.init { name = "cold", remotes = remotes }
                mf.all(loads)
                """, to: "cold.lua")
            let urls = (1...count).flatMap { [site.manifestURL($0), site.entryURL($0)] }
            let list = site.write(
                urls.map { "url = \"\($0)\"\noutput = \"/dev/null\"\n" }.joined(), to: "urls.txt")
            let ours = try Child.best(of: 7, [mflua, script])
            // Without another place for its errors, curl draws its progress.
            let curl = ["curl", "--silent", "--fail", "--parallel", "--stderr", "/dev/null", "--config", list]
            let peer = try Child.best(of: 7, curl)
            report.add(
                Figure(
                    "cold load of \(count) remotes (curl --parallel)", ours: ours.nanoseconds, peer: peer.nanoseconds,
                    bar: 1.3))
        }
    }
}
