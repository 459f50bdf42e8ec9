import Diagnostics
import Federation
import LuaBridge
import TestSupport
import Testing

struct TenantOptionsTests {
    @Test func whatUsersWriteIsRead() throws {
        let options = try TenantOptions.fromLua([
            "level": "process", "memory": "16MB", "cpu": "50ms", "wall": "1.5s", "tasks": 7, "message": "64KB",
            "net": ["api.acme.example"], "shared": ["json"], "env": ["REGION": "eu"], "dooms": 2, "doomWindow": "2min",
            "failClosed": true,
        ])
        #expect(options.level == .process && options.memory == 16 << 20 && options.cpu == .milliseconds(50))
        #expect(options.wall == .milliseconds(1500) && options.tasks == 7 && options.message == 64 << 10)
        #expect(options.net == ["api.acme.example"] && options.shared == ["json"] && options.env == ["REGION": "eu"])
        #expect(options.dooms == 2 && options.doomWindow == .seconds(120) && options.failClosed)
    }

    @Test func defaultsGiveNoCapability() throws {
        let options = try TenantOptions.fromLua(.record(LuaRecord()))
        #expect(options == TenantOptions())
        #expect(options.level == .state && options.net.isEmpty && options.shared.isEmpty && options.env.isEmpty)
    }

    @Test func optionsSurviveTheWayToAWorker() throws {
        var options = TenantOptions.process
        options.net = ["a.example"]
        options.env = ["A": "b"]
        #expect(try TenantOptions.fromLua(options.luaValue) == options)
    }

    @Test func misspeltOptionsAreRefusedWithASuggestion() {
        let error = expectMFError(.luaConversion) { try TenantOptions.fromLua(["memry": "16MB"]) }
        #expect(error?.hint == "did you mean `memory`?")
    }

    @Test(arguments: [
        ("memory", "16"), ("memory", "-1MB"), ("memory", "lots"), ("cpu", "50"), ("cpu", "0ms"), ("wall", "soon"),
        ("level", "shared"), ("tasks", "many"), ("net", "api"), ("env", "x"), ("failClosed", "yes"), ("cpu", "nanms"),
        ("memory", "infMB"),
    ])
    func valuesOfAnotherFormAreRefused(key: String, value: String) {
        expectMFError(.luaConversion) { try TenantOptions.fromLua(.record(LuaRecord([(key, .string(value))]))) }
    }
}
