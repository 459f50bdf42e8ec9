import Glibc
import Serving
import Posix

/// A folder of generated remotes, served over loopback: by nginx where it is installed, else by the shipped server.
final class Site {
    let folder: String
    private(set) var base = ""
    private var nginx: Child?
    private var server: HTTPServer?

    /// Makes the folder with the remotes `r1`, `r2`, …, each with a manifest and an entry.
    init(remotes: Int) throws {
        var template = Array("/tmp/mflua-bench-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ mkdtemp($0.baseAddress!) }) else {
            throw Child.Failure(description: "no temporary folder can be made")
        }
        folder = String(cString: made)
        mkdir("\(folder)/www", 0o755)
        for number in 1...remotes {
            let name = "r\(number)"
            mkdir("\(folder)/www/\(name)", 0o755)
            write(Self.manifest(of: name, exposes: ["x"]), to: "www/\(name)/mf-manifest.json")
            write(Self.entry, to: "www/\(name)/remoteEntry.lua")
        }
    }

    /// Starts serving.
    ///
    /// - Parameter usingNginx: Whether nginx serves where it is installed; else the shipped server does.
    func start(usingNginx: Bool = true) async throws {
        if usingNginx, let nginx = Child.find("nginx") {
            try startNginx(nginx)
        } else {
            let files = StaticFiles(root: "\(folder)/www")
            let server = try await HTTPServer.start { files.reply(to: $0) }
            self.server = server
            base = "http://127.0.0.1:\(server.port)"
        }
    }

    /// nginx's processes: its master and its one worker.
    var nginxProcesses: [pid_t]? {
        guard let nginx else { return nil }
        let children = try? File.text(of: "/proc/\(nginx.id)/task/\(nginx.id)/children")
        return [nginx.id] + (children ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    /// Ends the server and removes the folder.
    func stop() async {
        nginx?.stop()
        await server?.stop()
        _ = try? Child(["rm", "-rf", folder]).wait()
    }

    func manifestURL(_ number: Int) -> String { "\(base)/r\(number)/mf-manifest.json" }
    func entryURL(_ number: Int) -> String { "\(base)/r\(number)/remoteEntry.lua" }

    /// Writes a file of the folder and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) -> String {
        let path = "\(folder)/\(name)"
        try? Self.write(text, to: path)
        return path
    }

    /// Writes a file.
    static func write(_ text: String, to path: String) throws {
        try File.write(text, to: path)
    }

    /// The text of a file of the folder.
    func read(_ name: String) throws -> String { try File.text(of: "\(folder)/\(name)") }

    private func startNginx(_ program: String) throws {
        let port = try Self.freePort()
        let configuration = """
            worker_processes 1;
            pid \(folder)/nginx.pid;
            error_log \(folder)/error.log;
            daemon off;
            user root;
            events { worker_connections 4096; }
            http {
                access_log off;
                keepalive_requests 100000;
                client_body_temp_path \(folder)/t1;
                proxy_temp_path \(folder)/t2;
                fastcgi_temp_path \(folder)/t3;
                uwsgi_temp_path \(folder)/t4;
                scgi_temp_path \(folder)/t5;
                server { listen 127.0.0.1:\(port) backlog=4096; root \(folder)/www; }
            }
            """
        let file = write(configuration, to: "nginx.conf")
        nginx = try Child([program, "-c", file, "-e", "\(folder)/error.log"])
        base = "http://127.0.0.1:\(port)"
        try Self.awaitListener(port)
    }

    private static func address(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func onSocket<T>(
        port: UInt16, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> T
    ) -> T {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = address(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    static func freePort() throws -> UInt16 {
        let port = onSocket(port: 0) { socket, address, length -> UInt16 in
            guard bind(socket, address, length) == 0 else { return 0 }
            var bound = sockaddr_in()
            var size = length
            let status = withUnsafeMutablePointer(to: &bound) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
            }
            return status == 0 ? UInt16(bigEndian: bound.sin_port) : 0
        }
        guard port != 0 else { throw Child.Failure(description: "no free port") }
        return port
    }

    static func awaitListener(_ port: UInt16) throws {
        for _ in 0..<500 {
            if onSocket(port: port, { connect($0, $1, $2) }) == 0 { return }
            usleep(10_000)
        }
        throw Child.Failure(description: "nginx does not answer")
    }
}

// MARK: - What the remotes are made of

extension Site {
    static let entry = """
        return {
          init = function() end,
          get = function(expose)
            return function() return { name = expose, usage = function() return 42 end } end
          end,
        }
        """

    /// A manifest in Module Federation's schema.
    static func manifest(of name: String, exposes: [String]) -> String {
        let assets = #"{"js":{"sync":[],"async":[]},"css":{"sync":[],"async":[]}}"#
        let listed = exposes.map {
            #"{"id":"\#(name):\#($0)","name":"\#($0)","assets":\#(assets),"path":"./\#($0)"}"#
        }
        return """
            {
              "id": "\(name)",
              "name": "\(name)",
              "metaData": {
                "name": "\(name)",
                "type": "app",
                "buildInfo": { "buildVersion": "1.0.0", "buildName": "\(name)" },
                "remoteEntry": { "name": "remoteEntry.lua", "path": "", "type": "global" },
                "types": { "path": "", "name": "", "zip": "", "api": "" },
                "globalName": "\(name)",
                "pluginVersion": "0.0.0",
                "publicPath": "auto"
              },
              "shared": [],
              "remotes": [],
              "exposes": [\(listed.joined(separator: ",\n    "))]
            }
            """
    }

    /// A manifest of about 84 KB.
    static let largeManifest = manifest(of: "large", exposes: (1...545).map { "components/button-\($0)" })
}
