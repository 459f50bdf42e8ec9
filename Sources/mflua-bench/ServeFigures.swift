import Glibc
import Posix

/// `mflua serve` beside nginx: processor time of one request for a file of 1 KiB over a kept connection.
struct ServeFigures {
    let mflua: String
    let site: Site

    private static let requests = 20_000

    func run(_ report: Report) throws {
        guard Child.find("nginx") != nil else {
            return print("serve: nginx is not installed, so there is no peer")
        }
        site.write(String(repeating: "x", count: 1_024), to: "www/small.txt")
        let port = try Site.freePort()
        let ours = try Child([mflua, "serve", "\(site.folder)/www", "--port", "\(port)"], errors: "/dev/null")
        defer { ours.stop() }
        try Site.awaitListener(port)
        let seconds = try cost(of: [ours.id], base: "http://127.0.0.1:\(port)")
        guard let nginx = site.nginxProcesses else { return }
        report.add(
            Figure(
                "mflua serve, CPU a request of 1 KiB (nginx)", ours: seconds,
                peer: try cost(of: nginx, base: site.base), bar: 2))
    }

    /// Nanoseconds of processor time that processes spend on one request.
    private func cost(of processes: [pid_t], base: String) throws -> Double {
        let url = "url = \"\(base)/small.txt\"\noutput = \"/dev/null\"\n"
        let list = site.write(String(repeating: url, count: Self.requests), to: "small-urls.txt")
        let before = try processes.reduce(0) { $0 + (try Self.ticks(of: $1)) }
        _ = try Child.best(of: 1, ["curl", "--silent", "--fail", "--config", list])
        let used = try processes.reduce(0) { $0 + (try Self.ticks(of: $1)) } - before
        return Double(used) / Double(sysconf(Int32(_SC_CLK_TCK))) * 1e9 / Double(Self.requests)
    }

    /// Clock ticks that a process has used, in its own code and in the kernel.
    private static func ticks(of process: pid_t) throws -> Int {
        let text = try File.text(of: "/proc/\(process)/stat")
        // The name in parentheses may hold blanks; the 14th and 15th fields are counted from behind it.
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            throw Child.Failure(description: "/proc/\(process)/stat has another form")
        }
        return user + system
    }
}
