import EventLoops
import TestSupport
import Testing

@testable import Federation

/// How much a tenant may say.
@Suite(.timeLimit(.minutes(1))) struct TenantLogTests {
    private final class Book: Sendable {
        let lines = Locked<[String]>([])
        let time = Locked(ContinuousClock.now)
    }

    /// A log with three messages and 40 bytes an interval.
    private func log(_ book: Book, on loop: EventLoop, least: TenantServices.Severity = .debug) -> TenantLog {
        var services = TenantServices(
            log: { severity, text in book.lines.withLock { $0.append("\(severity): \(text)") } },
            message: { _, tenant, text in book.lines.withLock { $0.append("[\(tenant)] \(text)") } })
        services.leastSeverity = least
        var allowance = TenantLog.Allowance()
        (allowance.messages, allowance.bytes, allowance.longest) = (3, 40, 10)
        allowance.interval = .seconds(3600)
        return TenantLog("acme", services, loop: loop, allowance: allowance) { book.time.withLock { $0 } }
    }

    private func withLoop(_ body: @Sendable @escaping (EventLoop) throws -> Void) async throws {
        let loop = EventLoop(name: "test")
        defer { loop.stop() }
        try await loop.perform { try body(loop) }
    }

    @Test func messagesBeyondTheAllowanceAreCounted() async throws {
        try await withLoop { loop in
            let book = Book()
            let log = log(book, on: loop)
            for number in 1...5 { log.write(.notice, "\(number)") }
            log.close()
            #expect(
                book.lines.withLock { $0 } == [
                    "[acme] 1", "[acme] 2", "[acme] 3",
                    "warning: 2 messages of tenant `acme` dropped: it logs faster than the host accepts",
                ])
        }
    }

    @Test func bytesBeyondTheAllowanceAreCounted() async throws {
        try await withLoop { loop in
            let book = Book()
            let log = log(book, on: loop)
            for _ in 1...2 { log.write(.notice, "0123456789 and more") }
            log.close()
            let lines = book.lines.withLock { $0 }
            #expect(
                lines.count == 2 && lines.last?.hasPrefix("warning: 1 message of tenant `acme`") == true, "\(lines)")
        }
    }

    @Test(arguments: TenantOptions.Level.allCases) func printShowsWhatAnObjectSaysOfItself(
        level: TenantOptions.Level
    ) async throws {
        useBuiltWorker()
        let book = Book()
        try await withSandboxedState { sandbox in
            let services = TenantServices(
                log: { _, _ in },
                message: { _, tenant, text in book.lines.withLock { $0.append("[\(tenant)] \(text)") } })
            let tenant = Tenant("acme", .with { $0.level = level }, services: services, host: sandbox.host)
            defer { tenant.close() }
            _ = try await tenant.run(
                """
                print(setmetatable({}, { __tostring = function() return "an object" end }), 1, nil, true)
                print(setmetatable({}, { __tostring = function() error("no") end }))
                print((tostring({}):gsub(":.*", "")))
                """)
        }
        let lines = book.lines.withLock { $0 }
        #expect(lines == ["[acme] an object\t1\tnil\ttrue", "[acme] (a table)", "[acme] table"])
    }

    @Test func allowanceComesBackWithTime() async throws {
        try await withLoop { loop in
            let book = Book()
            let log = log(book, on: loop)
            for number in 1...3 { log.write(.notice, "\(number)") }
            book.time.withLock { $0 += .seconds(1200) }
            log.write(.notice, "4")
            log.close()
            #expect(book.lines.withLock { $0 }.last == "[acme] 4")
        }
    }

    @Test func longMessageIsCutAndWhatIsNotLoggedIsFree() async throws {
        try await withLoop { loop in
            let book = Book()
            let log = log(book, on: loop, least: .warning)
            for _ in 1...10 { log.write(.notice, "nobody hears it") }
            log.write(.error, "01234567890123")
            log.close()
            #expect(book.lines.withLock { $0 } == ["[acme] 0123456789… (4 more bytes)"])
        }
    }
}
