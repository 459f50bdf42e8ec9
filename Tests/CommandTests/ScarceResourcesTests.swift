import TestSupport
import Testing

/// A process that lacks a resource says which, and ends with 1; or it works.
@Suite(.timeLimit(.minutes(2))) struct ScarceResourcesTests {
    /// Limits as `ulimit` takes them. Descriptors are counted after the three that are open.
    static let limits =
        (4...12).map { "-n \($0)" } + [40_000, 50_000, 60_000, 70_000, 80_000, 100_000].map { "-v \($0)" }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer needs more than any of the limits"), arguments: limits)
    func aLimitIsNamedOrDoesNotMatter(limit: String) async throws {
        let result = try await ChildProcess.run(
            "sh", ["-c", "ulimit \(limit) && exec \"$0\" -e 'print(6 * 7)'", Places.mflua])
        if result.code == 0 {
            #expect(result.output == "42\n")
        } else {
            // Below what the loader of shared libraries needs, the loader says it, and ends with 127.
            #expect([1, 127].contains(result.code) && !result.errors.isEmpty, "\(result)")
        }
    }

    @Test func argumentsAreThereWithoutProc() async throws {
        let script = "mount -t tmpfs none /proc && exec \"$0\" -e 'print(...)' - a b"
        let result = try await ChildProcess.run("unshare", ["-rm", "sh", "-c", script, Places.mflua])
        // Where user namespaces are not allowed there is nothing to see.
        guard !result.errors.contains("unshare"), !result.errors.contains("mount") else { return }
        #expect(result.code == 0, "\(result)")
    }
}
