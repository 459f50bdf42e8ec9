import Diagnostics
import EventLoops
import LuaBridge
import TestSupport
import Testing

@testable import Federation

/// Plugins that need others: who waits, who comes back, and what is refused.
@Suite(.timeLimit(.minutes(2))) struct PluginDependencyTests {
    private static let texts = [
        "http://checks/entry.lua":
            "return { init = function() end, get = function(expose) return function() return expose end end }"
    ]
    private static let host = """
        local function letter(name, fields)
          fields.name, fields.version = name .. "-plugin", "1.0.0"
          fields.beforeRequest = function(args) args.id = args.id .. name end
          return fields
        end
        local host = mf.init { name = "host", remotes = { { name = "checks", entry = "http://checks/entry.lua" } },
          plugins = { letter("c", { requires = { ["b-plugin"] = "*" } }), letter("a", {}), letter("d", {}),
            letter("b", { requires = { ["a-plugin"] = "^1", ["d-plugin?"] = "*" } }) } }
        local function states()
          local texts = {}
          for _, plugin in ipairs(host:plugins()) do texts[#texts + 1] = plugin.name:sub(1, 1) .. "=" .. plugin.state end
          return table.concat(texts, " ")
        end
        local function refusal(call, ...)
          local ok, problem = pcall(call, host, ...)
          return ok and "no error" or problem.code .. ": " .. problem.message .. " / " .. problem.hint
        end
        """

    @Test func aDependantOfADisabledPluginWaitsAndComesBack() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                local first = mf.loadRemote("checks/")
                host:disablePlugins({ "a-plugin" }, { cascade = true, why = "INC-42" })
                local during, off, why, other = mf.loadRemote("checks/"), states(), host:plugins()[4].why, host:plugins()[1].why
                host:enablePlugins { "a-plugin" }
                return first, during, off, why, other, mf.loadRemote("checks/"), states()
                """)
            #expect(
                result == [
                    "./adbc", "./d", "c=waiting a=off d=on b=waiting", "needs `a-plugin`, which is disabled",
                    "needs `b-plugin`, which waits", "./adbc", "c=on a=on d=on b=on",
                ])
        }
    }

    @Test func aDependantThatIsDisabledItselfStaysSo() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                host:disablePlugins({ "b-plugin" }, { cascade = true })
                host:disablePlugins { "a-plugin" }
                local off = states()
                host:enablePlugins { "b-plugin" }
                local waiting = states()
                host:enablePlugins { "a-plugin" }
                return off, waiting, states()
                """)
            #expect(
                result == [
                    "c=waiting a=off d=on b=off", "c=waiting a=off d=on b=waiting", "c=on a=on d=on b=on",
                ])
        }
    }

    @Test func aDependantComesBackWhenTheTimeOfADisablingIsOver() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                host:disablePlugins({ "a-plugin" }, { cascade = true, ["for"] = "1ms" })
                while host:plugins()[2].state == "off" do mf.sleep(1) end
                return states()
                """)
            #expect(result == ["c=on a=on d=on b=on"])
        }
    }

    @Test func whatOthersNeedIsNeitherDisabledNorRemoved() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                return refusal(host.disablePlugins, { "a-plugin", "d-plugin" }), refusal(host.removePlugins, { "b-plugin" }),
                  refusal(host.disablePlugins, { "c-plugin", "d-plugin" }), states()
                """)
            #expect(
                result == [
                    "PLUGIN-023: `c-plugin`, `b-plugin` need `a-plugin`, `d-plugin` / name them as well, or add `{ cascade = true }`, which has those wait that need another",
                    "PLUGIN-023: `c-plugin` needs `b-plugin` / name it as well, or add `{ cascade = true }`, which removes all of them",
                    "no error", "c=off a=on d=off b=on",
                ])
        }
    }

    @Test func aRemovalTakesTheDependantsAlong() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                local all = host:removePlugins({ "c-plugin", "b-plugin", "a-plugin", "nobody" })
                mf.registerPlugins { letter("a", {}), letter("b", { requires = { ["a-plugin"] = "^1" } }) }
                local cascade = host:removePlugins({ "a-plugin" }, { cascade = true })
                return #all, table.concat(cascade, " "), states(), mf.loadRemote("checks/")
                """)
            #expect(result == [3, "a-plugin b-plugin", "d=on", "./d"])
        }
    }

    @Test(arguments: ["{ cascade = 1 }", "{ cascad = true }", "true"])
    func badOptionsOfARemovalAreRefused(options: String) async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                local ok, problem = pcall(host.removePlugins, host, { "c-plugin" }, \(options))
                return ok, states()
                """)
            #expect(result == [false, "c=on a=on d=on b=on"])
        }
    }

    @Test func swiftHasTheSameWords() async throws {
        try await withSite(Self.texts) { site in
            let base = Plugin("base-plugin", version: "2.1.0").on(\.onLoad) { _ in .nil }
            let top = Plugin("top-plugin").on(\.onLoad) { _ in .nil }
                .placed(PluginPlacement(requires: ["base-plugin": "^2"]))
            let host = try await site.runtime.createHost(
                HostOptions(name: "host", plugins: [.swift(top), .swift(base)]))
            #expect(
                try await host.order(of: "onLoad") == [
                    PluginPlace(plugin: "base-plugin", why: "before top-plugin (requires of top-plugin)"),
                    PluginPlace(plugin: "top-plugin", why: "after base-plugin (its own requires)"),
                ])
            await expectMFError(.pluginNeeded) { try await host.remove(plugins: ["base-plugin"]) }
            await expectMFError(.pluginNeeded) { try await host.disable(plugins: ["base-plugin"]) }
            try await host.disable(plugins: ["base-plugin"], cascade: true)
            #expect(try await host.plugins().map(\.state) == [.waiting, .off])
            try await host.enable(plugins: ["base-plugin"])
            #expect(try await host.plugins().map(\.state) == [.on, .on])
            #expect(try await host.remove(plugins: ["base-plugin"], cascade: true) == ["base-plugin", "top-plugin"])
            #expect(try await host.plugins().isEmpty)
        }
    }

    @Test func aReloadThatBreaksWhatOthersRequireLeavesTheOldVersion() async throws {
        let folder = try TemporaryFolder()
        @Sendable func write(_ version: String, _ more: String = "") throws {
            try folder.write(
                "auth.lua", "return { name = 'auth-plugin', version = '\(version)', \(more) onLoad = function() end }")
        }
        try write("2.0.0")
        try await withSite(Self.texts) { site in
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host",
                    plugins: [
                        .file("\(folder.path)/auth.lua"),
                        .source(
                            "return { name = 'rate-plugin', requires = { ['auth-plugin'] = '^2' }, onLoad = function() end }",
                            name: "rate.lua"),
                    ]))
            let refused: [(version: String, more: String, code: MFError.Code)] = [
                ("1.0.0", "", .unmetRequirement), ("2.0.0", "after = { 'rate-plugin' },", .pluginCycle),
                ("2.0.0", "requires = { nobody = '*' },", .unmetRequirement),
            ]
            for (version, more, code) in refused {
                try write(version, more)
                let error = await expectMFError(.reloadFailed) {
                    try await host.configure(plugin: "auth-plugin", options: .nil)
                }
                #expect((error?.cause as? MFError)?.code == code)
                #expect(try await host.plugins().map(\.version) == ["2.0.0", nil])
            }
            try write("2.1.0", "order = 'post',")
            #expect(try await host.configure(plugin: "auth-plugin", options: .nil) == 2)
            #expect(try await host.order(of: "onLoad").map(\.plugin) == ["auth-plugin", "rate-plugin"])
            #expect(try await host.plugins().map(\.state) == [.on, .on])
        }
    }

    /// Ways in which a listed plugin is not attached.
    @Test(arguments: [
        ("{ '%', enabled = false }", "return { name = 'base-plugin', version = '1.0.0' }"),
        ("{ '%', required = false }", "error('broken')"),
        ("{ '%', required = false }", "return { name = 'base-plugin', requires = { nobody = '*' } }"),
        ("{ '%', required = false }", "return { name = 'base-plugin', after = { 'top-plugin' } }"),
        (
            "{ '%', required = false }",
            "return { name = 'base-plugin', version = '1.0.0', apply = function() error('broken') end }"
        ),
    ])
    func whatNeedsAPluginThatIsLeftOutWaitsForIt(entry: String, text: String) async throws {
        try await withSite(Self.texts) { site in
            let folder = try TemporaryFolder()
            let file = try folder.write("base.lua", text)
            let result = try await site.lua(
                """
                \(Self.host)
                local host = mf.createInstance { name = "other", plugins = {
                  letter("top", { requires = { ["base-plugin"] = "^1" } }), letter("side", {}), \(entry.replacing("%", with: file)) } }
                local waiting = host:plugins()[1].state
                local left = host:plugins()[3].state
                local file = assert(io.open("\(file)", "w"))
                file:write("return { name = 'base-plugin', version = '1.0.0', onLoad = function() end }")
                file:close()
                host:enablePlugins { host:plugins()[3].name }
                local order = {}
                for _, place in ipairs(host:order "beforeRequest") do order[#order + 1] = place.plugin end
                return waiting, left ~= "on", host:plugins()[1].state, table.concat(order, " ")
                """)
            #expect(result == ["waiting", true, "on", "top-plugin side-plugin"])
        }
    }

    @Test func aPluginThatComesBackTakesItsPlaceInTheList() async throws {
        try await withSite(Self.texts) { site in
            let result = try await site.lua(
                """
                \(Self.host)
                local host = mf.createInstance { name = "other", plugins = {
                  letter("a", {}), { function() return letter("b", {}) end, enabled = false }, letter("c", { order = "pre" }),
                  letter("d", { after = { "a-plugin" } }) } }
                host:enablePlugins { host:plugins()[4].name }
                local order = {}
                for _, place in ipairs(host:order "beforeRequest") do order[#order + 1] = place.plugin:sub(1, 1) end
                return table.concat(order)
                """)
            #expect(result == ["cabd"])
        }
    }

    /// A host of plugins that need one another at random, and what it is expected to tell of them.
    private struct Model {
        let names: [String]
        let needs: [String: [String]]
        var off: Set<String> = []
        var tripped: Set<String> = []

        func isUp(_ name: String) -> Bool {
            !off.contains(name) && !tripped.contains(name) && (needs[name] ?? []).allSatisfy(isUp)
        }

        func state(_ name: String) -> PluginReport.State {
            if off.contains(name) { return .off }
            if tripped.contains(name) { return .tripped }
            return isUp(name) ? .on : .waiting
        }

        /// Whether somebody who is called needs one of some, directly or not.
        func isNeeded(_ gone: String) -> Bool {
            func needsIt(_ name: String) -> Bool { (needs[name] ?? []).contains { $0 == gone || needsIt($0) } }
            return names.contains { needsIt($0) && !off.contains($0) && (needs[$0] ?? []).allSatisfy(isUp) }
        }
    }

    @Test(arguments: 0..<40) func whoIsCalledFollowsTheModel(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let names = (0..<6).map { "\(["a", "b", "c", "d", "e", "f"][$0])-plugin" }
        var needs: [String: [String]] = [:]
        for (index, name) in names.enumerated() {
            needs[name] = names[..<index].filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
        }
        var model = Model(names: names, needs: needs)
        let plugins = names.shuffled(using: &random).map { name in
            HostPlugin.source(
                """
                return { name = "\(name)", beforeRequest = function(args)
                  if args.id:find("\(name)!", 1, true) then error("boom", 0) end
                  args.id = args.id .. "\(name.prefix(1))"
                end }
                """, name: "\(name).lua"
            ).with(PluginPolicy(fail: .open, trip: .init(errors: 1, open: .seconds(3_600))))
                .placed(PluginPlacement(requires: Dictionary((needs[name] ?? []).map { ($0, "*") }) { $1 }))
        }
        let start = model
        let steps = (0..<30).map { _ in
            (action: Int.random(in: 0..<5, using: &random), name: names.randomElement(using: &random) ?? "")
        }
        model = try await withSite(Self.texts) { site in
            var model = start
            let host = try await site.runtime.createHost(
                HostOptions(
                    name: "host", remotes: [Remote(name: "checks", entry: "http://checks/entry.lua")], plugins: plugins)
            )
            let order = try await host.order(of: "beforeRequest").map(\.plugin)
            for (action, name) in steps {
                switch action {
                case 0:
                    if model.isNeeded(name) {
                        await expectMFError(.pluginNeeded) { try await host.disable(plugins: [name]) }
                    } else {
                        try await host.disable(plugins: [name])
                        model.off.insert(name)
                    }
                case 1:
                    try await host.disable(plugins: [name], cascade: true)
                    model.off.insert(name)
                case 2:
                    try await host.enable(plugins: [name])
                    model.off.remove(name)
                    model.tripped.remove(name)
                case 3:
                    try await host.configure(plugin: name, options: .nil)
                    model.tripped.remove(name)
                default:
                    if model.isUp(name) { model.tripped.insert(name) }
                    _ = try await host.loadRemote("checks/\(name)!")
                }
                let states = Dictionary(uniqueKeysWithValues: try await host.plugins().map { ($0.name, $0.state) })
                #expect(states == Dictionary(uniqueKeysWithValues: names.map { ($0, model.state($0)) }))
                let called = order.filter { model.isUp($0) }.map { String($0.prefix(1)) }.joined()
                #expect(try await host.loadRemote("checks/") == .string("./\(called)"))
                #expect(try await host.order(of: "beforeRequest").map(\.plugin) == order)
            }
            return model
        }
    }
}

/// What accounts tell those that need their plugins, without a host.
@Suite struct PluginDependenciesTests {
    @Test func whatHasTrippedIsBackForOthersWhenATrySucceeds() async throws {
        try await withSite { site in
            try await site.runtime.loop.perform {
                let bus = HookBus(Lifecycle.table, state: site.runtime.state)
                let dependencies = PluginDependencies(bus)
                let base = PluginAccount(
                    "base", policy: PluginPolicy(fail: .open, trip: .init(errors: 1, open: .seconds(5))),
                    isTenants: false)
                let top = PluginAccount("top", policy: PluginPolicy(), isTenants: false)
                base.onTrip = { [weak dependencies] in dependencies?.settle() }
                dependencies.update([.init(account: top, needs: [base], lack: nil)])
                #expect(top.waiting == nil)
                let start = ContinuousClock.now
                base.failed(CancellationError(), in: base.hook("onLoad"), at: start)
                #expect(top.waiting == "needs `base`, which has tripped")
                #expect(base.admits(at: start + .seconds(6)))
                #expect(top.waiting != nil)
                base.succeeded(in: base.hook("onLoad"))
                #expect(top.waiting == nil)
            }
        }
    }
}
