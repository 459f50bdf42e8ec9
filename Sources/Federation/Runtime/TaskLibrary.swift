import EventLoops
import LuaBridge

extension MFLibrary {
    /// Work beside work: `mf.sleep`, `mf.spawn`, `mf.all`.
    static let taskFunctions = [
        Function(
            name: "now", signature: "fun(): number",
            summary: "Milliseconds on a monotonic clock, for measuring durations."
        ) { runtime in
            let start = runtime.loop.now
            return LuaCallable("now") { _ in
                let elapsed = start.duration(to: runtime.loop.now).components
                return [.number(Double(elapsed.seconds) * 1_000 + Double(elapsed.attoseconds) / 1e15)]
            }
        },
        Function(
            name: "sleep", signature: "fun(time: number|string)",
            summary: "Waits while other work continues: milliseconds, or a time such as \"5s\"."
        ) {
            $0.tasks.sleep
        },
        Function(
            name: "spawn", signature: "fun(f: fun(...): any, ...): mf.Task",
            summary: """
                Starts a function beside the caller; `task:wait()` gives its results or raises its error, `task:cancel()` \
                ends it and closes its `<close>` variables. What a remote or a plugin has spawned ends with it. An error \
                that nobody has waited for is printed once nobody can any more; the host goes on, and `mflua` ends with \
                exit code 1 once its work is done.
                """
        ) { runtime in runtime.tasks.spawn { runtime.registry.reloads.owner } },
        Function(
            name: "all", signature: "fun(functions: (fun(): any)[]): any[]",
            summary: """
                Runs functions side by side and returns their first results; the first failure is raised at once, and \
                cancels the others.
                """
        ) { $0.tasks.all },
    ]
}
