import Federation
import Glibc
import LuaBridge
import Posix

/// Cost against size, as a picture: how a load grows with the number of hosts, remotes, plugins, shares and tenants.
enum Curves {
    struct Curve {
        let name: String
        let color: String
        /// Lua that makes the setting of a size, and leaves `host` behind.
        let setting: (Int) -> String
        /// What is measured, by size and rounds.
        let loop: (Int, Int) -> String
    }

    private static let sizes = [10, 100, 1_000, 10_000]

    private static func curves(_ entry: String) -> [Curve] {
        let load = { (_: Int, rounds: Int) in "for _ = 1, \(rounds) do host:loadRemote('r1/x') end" }
        func host(_ name: String, _ rest: String) -> String {
            """
            host = require("mf").createInstance { name = "\(name)",
              remotes = { { name = "r1", entry = "\(entry)" } }, \(rest) }
            host:loadRemote("r1/x")
            """
        }
        return [
            Curve(
                name: "hosts", color: "#1f77b4",
                setting: { size in
                    """
                    others = {}
                    for i = 1, \(size) do others[i] = require("mf").createInstance { name = "h\(size)-" .. i, remotes = {} } end
                    """ + "\n" + host("hosts-\(size)", "")
                }, loop: load),
            Curve(
                name: "remotes", color: "#ff7f0e",
                setting: { size in
                    """
                    local remotes = {}
                    for i = 1, \(size) do remotes[i] = { name = "x" .. i, entry = "\(entry)?" .. i } end
                    """ + "\n" + host("remotes-\(size)", "") + "\nhost:registerRemotes(remotes)"
                }, loop: load),
            Curve(
                name: "plugins (one hook each, a microsecond a listener is the limit)", color: "#2ca02c",
                setting: { size in
                    """
                    local plugins = {}
                    for i = 1, \(size) do plugins[i] = { name = "p" .. i .. "-plugin", onLoad = function() end } end
                    """ + "\n" + host("plugins-\(size)", "plugins = plugins")
                }, loop: load),
            Curve(
                name: "shares", color: "#d62728",
                setting: { size in
                    """
                    local shared = {}
                    for i = 1, \(size) do shared["s" .. i] = { version = "1.0.0", lib = function() return i end } end
                    """ + "\n" + host("shares-\(size)", "shared = shared") + "\nhost:loadShare('s1')"
                }, loop: { _, rounds in "for _ = 1, \(rounds) do host:loadShare('s1') end" }),
            Curve(
                name: "tenants", color: "#9467bd",
                setting: { size in
                    """
                    local tenants = {}
                    for i = 1, \(size) do tenants["t" .. i] = {} end
                    """ + "\n" + host("tenants-\(size)", "tenants = tenants")
                }, loop: load),
        ]
    }

    /// Measures all curves and writes the picture.
    static func draw(into path: String) async throws {
        let site = try Site(remotes: 1)
        try await site.start(usingNginx: false)
        let engine = Engine(runtime: try Runtime())
        var lines: [(curve: Curve, points: [(size: Int, nanoseconds: Double)])] = []
        for curve in curves(site.entryURL(1)) {
            var points: [(Int, Double)] = []
            for size in sizes {
                try await engine.run(curve.setting(size))
                let rounds = curve.name.hasPrefix("plugins") && size > 100 ? 20 : 1_000
                let time = try await engine.each(rounds, runs: 5) { curve.loop(size, $0) }
                points.append((size, time))
                print("\(curve.name), \(size): \(Figure.decimal(time / 1e3, places: 2)) us")
            }
            lines.append((curve, points))
        }
        await engine.runtime.shutdown()
        await site.stop()
        try Site.write(picture(of: lines), to: path)
        print("wrote \(path)")
    }
}

// MARK: - The picture

extension Curves {
    private static let (width, height) = (760.0, 460.0)
    private static let (left, right, top, bottom) = (70.0, 20.0, 30.0, 120.0)
    /// Decades of the axes: sizes 10 to 10,000, times 1 us to 100 ms.
    private static let (sizeDecades, timeDecades) = (1.0...4.0, 3.0...8.0)

    private static func x(_ size: Double) -> Double {
        left + (log10(size) - sizeDecades.lowerBound) / (sizeDecades.upperBound - sizeDecades.lowerBound)
            * (width - left - right)
    }

    private static func y(_ nanoseconds: Double) -> Double {
        let share = (log10(nanoseconds) - timeDecades.lowerBound) / (timeDecades.upperBound - timeDecades.lowerBound)
        return height - bottom - min(max(share, 0), 1) * (height - top - bottom)
    }

    private static func picture(of lines: [(curve: Curve, points: [(size: Int, nanoseconds: Double)])]) -> String {
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(width))" height="\(Int(height))" \
            font-family="sans-serif" font-size="12">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(left)" y="18">One load of a loaded module against the number of … (\(machine))</text>
            """
        ]
        for decade in stride(from: timeDecades.lowerBound, through: timeDecades.upperBound, by: 1) {
            let (height, label) = (y(pow(10, decade)), ["1 us", "10 us", "100 us", "1 ms", "10 ms", "100 ms"])
            parts.append(
                """
                <line x1="\(left)" x2="\(width - right)" y1="\(height)" y2="\(height)" stroke="#ddd"/>
                <text x="\(left - 8)" y="\(height + 4)" text-anchor="end">\(label[Int(decade - timeDecades.lowerBound)])</text>
                """)
        }
        for size in sizes {
            parts.append(
                """
                <text x="\(x(Double(size)))" y="\(height - bottom + 18)" text-anchor="middle">\(size)</text>
                """)
        }
        for (index, line) in lines.enumerated() {
            let points = line.points.map { "\(x(Double($0.size))),\(y($0.nanoseconds))" }.joined(separator: " ")
            let row = height - bottom + 38 + Double(index) * 16
            parts.append(
                """
                <polyline points="\(points)" fill="none" stroke="\(line.curve.color)" stroke-width="2"/>
                <rect x="\(left)" y="\(row - 9)" width="12" height="10" fill="\(line.curve.color)"/>
                <text x="\(left + 18)" y="\(row)">\(line.curve.name)</text>
                """)
        }
        return parts.joined(separator: "\n") + "\n</svg>\n"
    }

    /// The processor and how many of its cores there are, as the kernel tells.
    private static var machine: String {
        let text = (try? File.text(of: "/proc/cpuinfo")) ?? ""
        let model = text.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return
            "\(model.map { $0.trimmingPrefix(" ") } ?? "unknown processor"), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores"
    }
}
