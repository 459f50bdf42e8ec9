import TestSupport
import Testing

@testable import mflua_conformance

/// What needs the machine for itself: scenarios have deadlines.
@Suite(.serialized) enum OneAfterAnother {}

extension OneAfterAnother {
    @Suite(.timeLimit(.minutes(2))) struct ScenarioTests {
        static let folder = Places.root + "/Fixtures/conformance"
        static let scenarios = (try? Scenario.all(in: folder, only: nil)) ?? []

        @Test func everyRecordedScenarioIsPartOfTheSet() {
            #expect(Self.scenarios.count >= 135)
            #expect(Self.scenarios.allSatisfy { $0.expected != nil })
        }

        @Test(arguments: scenarios.map(\.name))
        func traceIsTheExpectedOne(_ name: String) async throws {
            let scenario = try #require(Self.scenarios.first { $0.name == name })
            let conformance = Conformance(scenarios: [scenario], isStrict: true)
            #expect(await conformance.judge(scenario).failure == nil)
        }

        @Test func everyRowOfTheTablesHolds() throws {
            let outcomes = try Tables.outcomes(in: Self.folder, only: nil)
            #expect(outcomes.count > 300)
            for outcome in outcomes { #expect(outcome.failure == nil, "\(outcome.name)") }
        }
    }
}
