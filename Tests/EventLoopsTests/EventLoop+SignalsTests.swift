import EventLoops
import Glibc
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct EventLoopSignalsTests {
    @Test func signalsAreToldOnEveryLoopThatWatches() async throws {
        try await withLoop { first in
            try await withLoop { second in
                async let a: Void = wait(for: SIGUSR1, on: first)
                async let b: Void = wait(for: SIGUSR1, on: second)
                _ = try await (a, b)
            }
        }
    }

    /// Waits for a signal that a timer sends, again and again, until all who wait have been told.
    private func wait(for signal: Int32, on loop: EventLoop) async throws {
        try await loop.perform {
            await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                var watch: SignalWatch?
                watch = try? loop.onSignal(signal) {
                    #expect(loop.isOnLoop)
                    loop.removeSignal(watch!)
                    done.resume()
                }
                // To the thread itself: the handler runs wherever the signal lands.
                loop.schedule(after: .zero) { pthread_kill(pthread_self(), signal) }
            }
        }
    }

    @Test func theEarlierHandlingComesBackWithTheLastRemoval() async throws {
        try await withLoop { loop in
            try await loop.perform {
                signal(SIGUSR2, SIG_IGN)
                let first = try loop.onSignal(SIGUSR2) {}
                let second = try loop.onSignal(SIGUSR2) {}
                loop.removeSignal(first)
                #expect(!isIgnored(SIGUSR2))
                loop.removeSignal(second)
                loop.removeSignal(second)
                #expect(isIgnored(SIGUSR2))
            }
        }
    }
}

private func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    sigaction(number, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
