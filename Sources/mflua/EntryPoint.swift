import CExecutor
import Diagnostics
import EventLoops
import Federation
import Glibc

/// Where the process starts.
///
/// Not async: an async `main` waits in libdispatch, whose threads end the process where they cannot read `/proc`.
@main enum EntryPoint {
    static func main() {
        TenantWorker.runIfRequested()
        // Both before the first thread.
        EventLoop.useOneHeap()
        do { try Resources.check() } catch {
            Terminal.report(error)
            Terminal.leave(1)
        }
        mf_executor_install()
        Task.detached { await RootCommand.perform() }
        // The main thread has nothing to do but take signals, also where whoever started the process has them blocked.
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        while true { _ = Glibc.pause() }
    }
}
