import Glibc
import TestSupport
import Testing

/// What the compiler accepts and refuses of a program that embeds mflua.
@Suite struct CompilerTests {
    /// A program, and what the compiler says of it; nothing where it compiles without a word.
    struct Program: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let refusal: String?
        var testDescription: String { name }
    }

    static let programs = [
        Program(
            name: "options are read on the loop",
            text: """
                func name(of host: Host, _ runtime: Runtime) async throws -> String {
                    try await runtime.loop.perform { host.options.name }
                }
                """,
            refusal: nil),
        Program(
            name: "a view with a lock",
            text: """
                import Synchronization
                final class Counter: LuaObject {
                    static let luaTypeName = "app.Counter"
                    private let count = Mutex(0)
                    func luaGet(_ key: LuaKey) -> LuaValue { .integer(Int64(count.withLock { $0 })) }
                }
                """,
            refusal: nil),
        Program(
            name: "a view with a variable",
            text: """
                final class Counter: LuaObject {
                    static let luaTypeName = "app.Counter"
                    private var count = 0
                    func luaGet(_ key: LuaKey) -> LuaValue { .integer(Int64(count)) }
                }
                """,
            refusal: "stored property 'count' of 'Sendable'-conforming class 'Counter' is mutable"),
        Program(
            name: "a function of Lua that changes a local variable",
            text: """
                func provide(_ runtime: Runtime) async throws {
                    var count = 0
                    try await runtime.provide("count", .callable(LuaCallable("count") { _ in count += 1; return [] }))
                }
                """,
            refusal: "mutation of captured var 'count' in concurrently-executing code"),
        Program(
            name: "an object of the caller's thread in the loop's",
            text: """
                final class Cache { var names: [String] = [] }
                func fill(_ cache: Cache, _ host: Host, _ runtime: Runtime) async throws {
                    try await runtime.loop.perform { cache.names.append(host.options.name) }
                }
                """,
            refusal: "capture of 'cache' with non-Sendable type 'Cache' in a '@Sendable' closure"),
        Program(
            name: "an object of the loop's thread for the caller",
            text: """
                final class Cache { var names: [String] = [] }
                func cache(_ runtime: Runtime) async throws -> Cache {
                    try await runtime.loop.perform { Cache() }
                }
                """,
            refusal: "type 'Cache' does not conform to the 'Sendable' protocol"),
        Program(
            name: "a listener that changes a local variable",
            text: """
                func count() -> Plugin {
                    var loads = 0
                    return Plugin("count").on(\\.onLoad) { _ in loads += 1; return .nil }
                }
                """,
            refusal: "mutation of captured var 'loads' in concurrently-executing code"),
        Program(
            name: "a sandbox without its host",
            text: "func close(_ tenant: Tenant) { tenant.close() }",
            refusal: "cannot find type 'Tenant' in scope"),
        Program(
            name: "a remote that somebody else changes",
            text: "func move(_ remote: Remote) { remote.entry = \"http://127.0.0.1/\" }",
            refusal: "cannot assign to property: 'entry' setter is inaccessible"),
    ]

    @Test(arguments: programs)
    func programIsAcceptedOrRefused(program: Program) async throws {
        let folder = try TemporaryFolder()
        try folder.write("main.swift", "import MFLua\n\n\(program.text)\n")
        let result = try await ChildProcess.run("swiftc", try await Self.flags() + [folder.path + "/main.swift"])
        if let refusal = program.refusal {
            #expect(result.code != 0 && result.errors.contains("error: \(refusal)"), "\(result)")
        } else {
            #expect(result.code == 0 && result.errors.isEmpty, "\(result)")
        }
    }

    /// Checks types only, against the modules that were built together with these tests.
    private static func flags() async throws -> [String] {
        let maps =
            entries(of: Places.products).filter { $0.hasSuffix(".build") }
            .map { "\(Places.products)/\($0)/module.modulemap" }
            + ["CLua", "CCurl"].map { "\(Places.root)/Sources/\($0)/module.modulemap" }
        let lua = try await ChildProcess.run("pkg-config", ["--cflags", "lua5.4"])
        return ["-typecheck", "-swift-version", "6", "-enable-upcoming-feature", "NonisolatedNonsendingByDefault"]
            + ["-I", Places.products + "/Modules"]
            + maps.filter { access($0, R_OK) == 0 }.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
            + lua.output.split(whereSeparator: \.isWhitespace).flatMap { ["-Xcc", String($0)] }
    }
}
