import TestSupport

@testable import Semver

/// Versions near each other, so that orders and bounds are put to the test.
struct SampleVersions {
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func next() -> Version {
        let numbers = (0..<3).map { _ in UInt64.random(in: 0...3, using: &generator) }
        let prerelease: [Version.Identifier] =
            Bool.random(using: &generator)
            ? [] : (0..<Int.random(in: 1...3, using: &generator)).map { _ in identifier() }
        return Version(numbers[0], numbers[1], numbers[2], prerelease: prerelease)!
    }

    private mutating func identifier() -> Version.Identifier {
        Bool.random(using: &generator)
            ? .number(["0", "1", "2", "10"].randomElement(using: &generator)!)
            : .text(["alpha", "beta", "rc-1", "A", "-"].randomElement(using: &generator)!)
    }
}
