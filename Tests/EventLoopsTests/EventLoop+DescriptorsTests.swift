import EventLoops
import Glibc
import Testing

/// A pipe whose ends are closed with it.
private final class Pipe: @unchecked Sendable {
    let reading: Int32
    let writing: Int32

    init() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        (reading, writing) = (ends[0], ends[1])
    }

    func send(_ text: String) { _ = text.withCString { write(writing, $0, strlen($0)) } }

    func receive() -> String {
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = read(reading, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}

@Suite(.timeLimit(.minutes(2))) struct EventLoopDescriptorsTests {
    @Test func handlersAreCalledWhenThereIsSomethingToRead() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            let text = try await loop.perform {
                await withUnsafeContinuation { (done: UnsafeContinuation<String, Never>) in
                    loop.watch(descriptor: pipe.reading, for: .read) { ready in
                        #expect(ready == .read)
                        loop.unwatch(descriptor: pipe.reading)
                        done.resume(returning: pipe.receive())
                    }
                    loop.schedule(after: .zero) { pipe.send("hello") }
                }
            }
            #expect(text == "hello")
            close(pipe.reading)
            close(pipe.writing)
        }
    }

    @Test func aHangUpIsToldToWhoeverWaits() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            let text = try await loop.perform {
                await withUnsafeContinuation { (done: UnsafeContinuation<String, Never>) in
                    loop.watch(descriptor: pipe.reading, for: .read) { _ in
                        loop.unwatch(descriptor: pipe.reading)
                        done.resume(returning: pipe.receive())
                    }
                    close(pipe.writing)
                }
            }
            #expect(text == "")
            close(pipe.reading)
        }
    }

    @Test func watchingAgainReplacesTheHandler() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            let log = Log()
            try await loop.perform {
                pipe.send("x")
                await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                    loop.watch(descriptor: pipe.reading, for: .read) { _ in log.add("old") }
                    loop.watch(descriptor: pipe.reading, for: .read) { _ in
                        log.add("new")
                        loop.unwatch(descriptor: pipe.reading)
                        done.resume()
                    }
                }
                #expect(log.entries == ["new"])
            }
            close(pipe.reading)
            close(pipe.writing)
        }
    }

    @Test func unwatchedDescriptorsAreLeftAlone() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            let log = Log()
            try await loop.perform {
                loop.watch(descriptor: pipe.reading, for: .read) { _ in log.add("called") }
                loop.unwatch(descriptor: pipe.reading)
                loop.unwatch(descriptor: pipe.reading)
                pipe.send("x")
                await loop.yieldToIO()
                await loop.yieldToIO()
                #expect(log.entries.isEmpty)
            }
            close(pipe.reading)
            close(pipe.writing)
        }
    }

    @Test func aHandlerCanUnwatchAnotherThatIsReadyToo() async throws {
        try await withLoop { loop in
            let (a, b) = (Pipe(), Pipe())
            let log = Log()
            try await loop.perform {
                a.send("x")
                b.send("x")
                for (own, other) in [(a, b), (b, a)] {
                    loop.watch(descriptor: own.reading, for: .read) { _ in
                        log.add("called")
                        loop.unwatch(descriptor: own.reading)
                        loop.unwatch(descriptor: other.reading)
                    }
                }
                await loop.yieldToIO()
                await loop.yieldToIO()
                #expect(log.entries == ["called"])
            }
            for pipe in [a, b] {
                close(pipe.reading)
                close(pipe.writing)
            }
        }
    }

    @Test func plainFilesAreAlwaysReady() async throws {
        try await withLoop { loop in
            let file = open("/etc/passwd", O_RDONLY)
            try await loop.perform {
                await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
                    loop.watch(descriptor: file, for: .read) { ready in
                        #expect(ready == .read)
                        loop.unwatch(descriptor: file)
                        done.resume()
                    }
                }
            }
            close(file)
        }
    }
}
