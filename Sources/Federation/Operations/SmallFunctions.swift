import Diagnostics
import EventLoops
import Fetch
import Glibc
import LuaBridge
import Posix

extension Operations {
    /// Functions under one name of `mf`.
    struct Namespace: Sendable {
        let name: String
        let summary: String
        let functions: [Function]

        func record(_ operations: Operations) -> LuaRecord {
            LuaRecord(functions.map { ($0.name, .callable($0.make(operations))) })
        }
    }

    /// All tables of functions.
    static let namespaces = [
        Namespace(
            name: "fs",
            summary:
                "Files. The functions wait, and the host goes on meanwhile; relative paths begin at the working folder.",
            functions: FileLibrary.functions),
        Namespace(
            name: "metrics",
            summary: "Figures of the host, for Prometheus. All hosts and plugins of the process share them.",
            functions: MetricView.functions),
        Namespace(name: "base64", summary: "Base64, as RFC 4648 has it.", functions: base64Functions),
    ]

    /// `mf.hash` and `mf.time`.
    static let smallFunctions = [
        Function(
            name: "hash",
            signature:
                "fun(algorithm: \"sha256\"|\"sha512\"|\"sha384\"|\"sha224\"|\"sha1\"|\"md5\", bytes: string): string",
            summary: "The digest of a string, in hexadecimal digits."
        ) { _ in
            LuaCallable("hash") { call in
                let name = try call.string(0)
                let bytes = try call.bytes(1)
                guard Digest.algorithms.contains(name) else {
                    let plain = name.lowercased().replacing("-", with: "")
                    let near = Digest.algorithms.contains(plain) ? plain : plain.closestMatch(in: Digest.algorithms)
                    throw MFError.badArgument(1, of: "hash", "there is no algorithm `\(name)`").replacing(
                        hint: near.map { "did you mean `\($0)`?" }
                            ?? "the algorithms are \(Digest.algorithms.map { "`\($0)`" }.joined(separator: ", "))")
                }
                guard let digest = Digest.compute(name, bytes) else {
                    throw MFError(
                        .resourceLacking, "there is no libcrypto with `\(name)`", hint: "install the package `libssl3`")
                }
                let digits = Array("0123456789abcdef")
                return [.string(String(digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }))]
            }
        },
        Function(
            name: "ready", signature: "fun(status?: string)",
            summary: """
                Tells systemd that the host is up, before its script has run to its end; later calls change the status that \
                `systemctl status` shows.
                """
        ) { operations in
            LuaCallable("ready") { call in
                operations.facilities.onReady?(try call.optionalString(0))
                return []
            }
        },
        Function(
            name: "time", signature: "fun(): number", summary: "Seconds since 1970, with their fraction."
        ) { operations in
            LuaCallable("time") { _ in [.number(operations.time())] }
        },
    ]

    private static let base64Functions = [
        Function(name: "encode", signature: "fun(bytes: string): string", summary: "The Base64 of a string, padded.") {
            _ in
            LuaCallable("encode") { call in [.string(Base64.encode(try call.bytes(0)))] }
        },
        Function(
            name: "decode", signature: "fun(text: string): string",
            summary: "The string that a Base64 stands for, padded or not, also in the alphabet of URLs."
        ) { _ in
            LuaCallable("decode") { call in
                guard let bytes = Base64.decode(try call.bytes(0)) else {
                    throw MFError.badArgument(1, of: "decode", "the text is not Base64")
                }
                return [.of(bytes)]
            }
        },
    ]

    /// Values of `mf` besides its functions.
    static var values: [(String, LuaValue)] {
        [("hostname", .string(hostname)), ("pid", .integer(Int64(getpid())))]
    }

    /// For the stubs.
    static let valueDescriptions: [(name: String, type: String, summary: String)] = [
        ("env", "table<string, string>", "The variables of the process's environment; read-only."),
        ("hostname", "string", "The name of the machine."), ("pid", "integer", "The number of the process."),
    ]

    private static var hostname: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
