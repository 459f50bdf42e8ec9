import Diagnostics
import Federation
import LuaBridge
import TestSupport
import Testing

struct TenantOptionsTests {
    @Test func whatUsersWriteIsRead() throws {
        let options = try TenantOptions.fromLua([
            "level": "process", "memory": "16MB", "cpu": "50ms", "wall": "1.5s", "tasks": 7, "message": "64KB",
            "net": ["api.acme.example"], "shared": ["json"], "env": ["REGION": "eu"], "maxRestarts": 2,
            "restartWindow": "2min",
            "failClosed": true,
        ])
        #expect(options.level == .process && options.memory == 16 << 20 && options.cpu == .milliseconds(50))
        #expect(options.wall == .milliseconds(1500) && options.tasks == 7 && options.message == 64 << 10)
        #expect(options.net == ["api.acme.example"] && options.shared == ["json"] && options.env == ["REGION": "eu"])
        #expect(options.maxRestarts == 2 && options.restartWindow == .seconds(120) && options.failClosed)
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
        let error = expectMFError(.invalidOptions) { try TenantOptions.fromLua(["memry": "16MB"]) }
        #expect(error?.message.contains("unknown key `memry` (did you mean `memory`?)") == true)
    }

    @Test func olderNamesOfOptionsAreTaken() throws {
        let options = try TenantOptions.fromLua(["dooms": 5, "doomWindow": "2s"])
        #expect(options.maxRestarts == 5 && options.restartWindow == .seconds(2))
    }

    @Test func anOptionUnderBothOfItsNamesIsRefused() {
        let error = expectMFError(.invalidOptions) { try TenantOptions.fromLua(["dooms": 5, "maxRestarts": 3]) }
        #expect(error?.message.contains("`dooms` is a former name of `maxRestarts`, which is also present") == true)
    }

    @Test func valuesUnderOlderNamesAreChecked() {
        expectMFError(.invalidOptions) { try TenantOptions.fromLua(["dooms": "many"]) }
    }

    @Test(arguments: [
        ("memory", "16"), ("memory", "-1MB"), ("memory", "lots"), ("cpu", "50"), ("cpu", "0ms"), ("wall", "soon"),
        ("level", "shared"), ("memory", "0x10MB"), ("memory", "1e3MB"), ("cpu", "0x1ms"), ("tasks", "many"),
        ("net", "api"), ("env", "x"), ("failClosed", "yes"), ("cpu", "nanms"),
        ("memory", "infMB"),
    ])
    func valuesOfAnotherFormAreRefused(key: String, value: String) {
        expectMFError(.invalidOptions) { try TenantOptions.fromLua(.record(LuaRecord([(key, .string(value))]))) }
    }

    @Test(arguments: [("500us", Duration.microseconds(500)), ("5m", .seconds(300)), ("5min", .seconds(300))])
    func timesAreReadByTheirUnit(text: String, duration: Duration) throws {
        let options = try TenantOptions.fromLua(["wall": .string(text)])
        #expect(options.wall == duration)
        #expect(try TenantOptions.fromLua(options.luaValue).wall == duration)
    }

    @Test(arguments: [
        "", "*", "*.example.com", "http://api.example", "api.example/", "api.example:8080", "user@api.example", "a b",
        "a..b", "[::1", "10.0.0.0/8",
    ]) func aHostThatCouldNeverMatchIsRefused(host: String) {
        expectMFError(.invalidOptions) { try TenantOptions.fromLua(["net": .array([.string(host)])]) }
    }

    @Test(arguments: [
        "api.example", "API.Example.", "localhost", "10.0.0.1", "::1", "[fe80::1]", "bücher.example", "a_b",
    ])
    func aHostByNameOrAddressIsTaken(host: String) throws {
        #expect(try TenantOptions.fromLua(["net": .array([.string(host)])]).net == [host])
    }
}
