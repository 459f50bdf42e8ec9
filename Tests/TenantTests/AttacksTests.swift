import Federation
import TestSupport
import Testing

@Suite(
    .serialized, .enabled(if: Sanitizer.followsSignals, "two of the attacks are stuck inside of Lua"),
    .timeLimit(.minutes(10)))
struct AttacksTests {
    @Test(arguments: TenantOptions.Level.allCases) func everyAttackEndsAsItsHeaderSays(level: TenantOptions.Level)
        async throws
    {
        for folder in ["attacks", "more-attacks", "border-attacks", "store-attacks"] {
            let result = try await ChildProcess.run(
                Places.products + "/mflua-attacks", [Places.root + "/Fixtures/" + folder, "--level", level.rawValue])
            #expect(result.code == 0, "\(result)")
        }
    }
}
