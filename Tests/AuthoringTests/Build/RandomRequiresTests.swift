import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Authoring

/// Generated modules that require each other in many ways: what runs is in the build, or its place was told.
@Suite struct RandomRequiresTests {
    /// How a module is required: the code, given an expression for its name.
    private static let forms: [@Sendable (String) -> String] = [
        { "require('\($0)')" }, { "require \"\($0)\"" }, { "require[[\($0)]]" },
        { "require('\($0.prefix(1))' .. '\($0.dropFirst(1))')" }, { "pcall(require, '\($0)')" },
        { "local require = require require('\($0)')" }, { "local r = require r('\($0)')" },
        { "_G.require('\($0)')" }, { "_G['require']('\($0)')" }, { "_ENV['req' .. 'uire']('\($0)')" },
        { "local k = 'require' _G[k]('\($0)')" }, { "local g = _G g.require('\($0)')" },
        { "local n = '\($0)' require(n)" }, { "require(('%s'):format('\($0)'))" }, { "(require)('\($0)')" },
        { "local t = { r = require } t.r('\($0)')" }, { "(function(f) f('\($0)') end)(require)" },
        { "load(\"require('\($0)')\")()" }, { "select(2, 1, require)('\($0)')" },
        { "require -- a comment\n ('\($0)')" }, { "local x <const> = require('\($0)')" },
        { "for _, n in ipairs { '\($0)' } do require(n) end" }, { "require(tostring('\($0)'))" },
        { "if not pcall(function() return require '\($0)' end) then return end" },
    ]
    /// What computes the name of `require` itself mentions nothing that could be found.
    private static let isBeyondReach: @Sendable (String) -> Bool = { $0.contains("'req' .. 'uire'") }

    @Test(arguments: 0..<40) func whatRunsIsInTheBuildOrTold(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let names = (0..<6).map { "m\($0)" }
        var files: [String: String?] = [:]
        for (index, name) in names.enumerated() {
            var text = ""
            for other in names[(index + 1)...] where Bool.random(using: &generator) {
                let form = Self.forms.filter { !Self.isBeyondReach($0("x")) }.randomElement(using: &generator)
                text += "do \(form?(other) ?? "") end\n"
            }
            files["src/\(name).lua"] = text + "return true"
        }
        let sample = try SampleProject(disk: "do require('m0') end return true", others: files)
        let sources = try sample.sources()
        let built = Set(sources.parts.keys)
        let told = Set(sources.findings.map(\.path))

        for (module, from) in try await Self.requires(of: sample.folder.path + "/src/?.lua") {
            #expect(
                built.contains("\(module).lua") || told.contains("src/\(from).lua") || !built.contains("\(from).lua"),
                "\(module), which \(from) requires:\n\(files["src/\(from).lua"] ?? "")")
        }
    }

    /// What a program requires as it runs, and where.
    private static func requires(of path: String) async throws -> [(module: String, from: String)] {
        let loop = try EventLoop.start()
        defer { loop.stop() }
        let source = """
            package.path = ...
            local found, open, search = {}, { "host" }, package.searchers[2]
            package.searchers = { function(name)
              found[#found + 1] = { name, open[#open] }
              local loader, extra = search(name)
              if type(loader) ~= "function" then return loader end
              return function(...)
                open[#open + 1] = name
                local value = loader(...)
                open[#open] = nil
                return value
              end, extra
            end }
            require("disk")
            return found
            """
        let pairs = try await loop.perform {
            let state = try LuaState(loop: loop)
            defer { state.close() }
            let found = try state.call(try state.load(source, name: "=run"), [.string(path)]).first?.tableValue?
                .copied()
            return try (found?.luaElements() ?? []).map { try $0.luaElements() ?? [] }
        }
        return pairs.map { ($0[0].stringValue ?? "", $0[1].stringValue ?? "") }
    }
}
