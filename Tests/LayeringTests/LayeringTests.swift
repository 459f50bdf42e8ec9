import TestSupport
import Testing

/// The directions in which the targets know each other, read off their import lines.
@Suite struct LayeringTests {
    /// What each target may import of our own targets. Package.swift may allow more; this says what is meant.
    private static let allowed: [String: Set<String>] = [
        "CLua": [], "CCurl": [], "CLuaShim": ["CLua"], "CEventLoop": [], "CFiles": [], "CSandbox": [],
        "CExecutor": [],
        "Posix": [],
        "Diagnostics": [],
        "EventLoops": ["CEventLoop", "Diagnostics", "Posix"],
        "LuaBridge": ["CLuaShim", "Diagnostics", "EventLoops", "LuaLibrary"],
        "LuaLibrary": [],
        "Semver": [],
        "Fetch": ["CCurl", "CFiles", "Diagnostics", "EventLoops", "Posix"],
        "Serving": ["Diagnostics", "Posix"],
        "Stores": ["Diagnostics", "Posix"],
        "Federation": [
            "CSandbox", "Diagnostics", "EventLoops", "Fetch", "LuaBridge", "LuaLibrary", "Posix", "Semver", "Stores",
        ],
        "HotReload": ["Diagnostics", "EventLoops", "LuaBridge", "Federation", "Posix"],
        "MFLua": ["Diagnostics", "EventLoops", "Federation", "Fetch", "HotReload", "LuaBridge"],
        "Authoring": ["Diagnostics", "EventLoops", "Federation", "Fetch", "LuaBridge", "Posix", "Semver"],
        "mflua": [
            "Authoring", "CExecutor", "Diagnostics", "EventLoops", "LuaBridge", "LuaLibrary", "Fetch", "Posix",
            "Serving",
            "Federation",
            "HotReload",
        ],
        "mflua-conformance": [
            "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Posix", "Semver", "Serving", "Federation", "HotReload",
        ],
        "mflua-attacks": ["Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Posix", "Serving", "Federation"],
        "mflua-bench": [
            "Diagnostics", "EventLoops", "LuaBridge", "Fetch", "Posix", "Serving", "Federation", "HotReload",
            "CBenchPeer",
        ],
        "CBenchPeer": ["CLua"], "mflua-bench-peer": ["CBenchPeer"],
    ]

    private static let targets = entries(of: Places.root + "/Sources")

    @Test(arguments: targets) func everyTargetHasItsPlace(target: String) {
        #expect(Self.allowed[target] != nil, "say in LayeringTests what \(target) may import")
    }

    @Test(arguments: targets) func importsRunOneWay(target: String) throws {
        let own = Set(Self.allowed.keys)
        let allowed = Self.allowed[target] ?? []
        for file in try Self.swiftFiles(of: target) {
            for module in file.imports where own.contains(module) {
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test(arguments: targets) func noSwiftSourceNeedsFoundation(target: String) throws {
        for file in try Self.swiftFiles(of: target) {
            for module in file.imports {
                #expect(!module.hasPrefix("Foundation"), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func onlyServingAndTheCommandsKnowTheServer() throws {
        for target in Self.targets where target != "Serving" && !target.hasPrefix("mflua") {
            for file in try Self.swiftFiles(of: target) {
                for module in file.imports {
                    #expect(module != "Serving" && !module.hasPrefix("NIO"), "\(file.path) imports \(module)")
                }
            }
        }
    }

    /// Its timers are libdispatch's, whose threads end a process without `/proc`. `pause(for:)` falls back on it.
    @Test func nothingInTheCommandSleepsBySwiftsOwnTimers() throws {
        let own = Self.allowed["mflua"]?.union(["mflua"]) ?? []
        for target in Self.targets where own.contains(target) {
            for file in try Self.swiftFiles(of: target) where !file.path.hasSuffix("/EventLoops/Pause.swift") {
                let text = try contents(of: file.path)
                #expect(!text.contains("Task.sleep"), "\(file.path)")
            }
        }
    }

    /// What Swift cannot see it cannot call wrongly: the shim's public headers keep Lua's to themselves.
    @Test func shimHidesLuasHeaders() throws {
        let folder = Places.root + "/Sources/CLuaShim/include"
        for name in entries(of: folder) where name.hasSuffix(".h") {
            for line in try contents(of: folder + "/" + name).split(separator: "\n") where line.hasPrefix("#include") {
                #expect(!line.contains("lua.h") && !line.contains("lauxlib.h") && !line.contains("lualib.h"))
            }
        }
    }

    private struct SourceFile {
        let path: String
        let imports: [String]
    }

    private static func swiftFiles(of target: String) throws -> [SourceFile] {
        try paths(below: Places.root + "/Sources/" + target).filter { $0.hasSuffix(".swift") }.map { path in
            SourceFile(path: path, imports: imports(in: try contents(of: path)))
        }
    }

    private static func paths(below folder: String) -> [String] {
        entries(of: folder).flatMap { name in
            name.contains(".") ? [folder + "/" + name] : paths(below: folder + "/" + name)
        }
    }

    private static func imports(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), position <= 2, words.count > position + 1 else {
                return nil
            }
            let modifiers: Set<Substring> = ["public", "internal", "package", "private"]
            guard words[..<position].allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") }) else { return nil }
            // `import struct Module.Name` names a declaration.
            let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
            let name = kinds.contains(words[position + 1]) ? words.dropFirst(position + 2).first : words[position + 1]
            return name.map { String($0.prefix { $0 != "." }) }
        }
    }
}
