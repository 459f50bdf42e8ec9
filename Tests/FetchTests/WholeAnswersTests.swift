import Diagnostics
import Fetch
import Synchronization
import TestSupport
import Testing

/// An answer is used when it is whole.
@Suite(.timeLimit(.minutes(1))) struct WholeAnswersTests {
    @Test(arguments: 1..<29) func aCompressedBodyCutAnywhereIsAnError(length: Int) async throws {
        let part = Array(packedHello[..<length])
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "gzip")], part)] }) { fetcher, server in
            let error = await expectMFError(.fetchTruncated) {
                try await fetcher.fetch(FetchRequest(url: server.url, acceptsAnyStatus: true))
            }
            #expect(error?.message == "the compressed body ends before its end")
        }
    }

    @Test(arguments: IncompleteAnswer.allCases, [false, true])
    func whatIsNotWholeIsAnError(_ incomplete: IncompleteAnswer, acceptsAnyStatus: Bool) async throws {
        try await withServer({ _ in incomplete.steps("hello") }) { fetcher, server in
            let request = FetchRequest(url: server.url, acceptsAnyStatus: acceptsAnyStatus)
            do {
                let response = try await fetcher.fetch(request)
                Issue.record("\(incomplete) is taken for an answer: \(response.status) \(response.text)")
            } catch let error as MFError {
                let codes: [MFError.Code] = [.fetchTruncated, .fetchProtocol, .fetchPart, .fetchLength, .fetchNetwork]
                #expect(codes.contains(error.code), "\(error.rendered())")
            }
        }
    }

    @Test func aCompressedBodyOfSeveralMembersIsWhole() async throws {
        let body = packedHello + packedHello
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "gzip")], body)] }) { fetcher, server in
            let text = try await fetcher.fetch(server.url).text
            #expect(text == String(repeating: "hello ", count: 40))
        }
    }

    @Test func anEncodingThatNobodyAskedForIsNamed() async throws {
        try await withServer({ _ in [.reply(200, [("Content-Encoding", "br")], [1, 2, 3])] }) { fetcher, server in
            let error = await expectMFError(.fetchProtocol) { try await fetcher.fetch(server.url) }
            #expect(error?.message == "the body is encoded as `br`, which was not asked for")
        }
    }

    @Test(arguments: [false, true]) func aPartIsNotTheWhole(acceptsAnyStatus: Bool) async throws {
        try await withServer({ _ in [.reply(206, [("Content-Range", "bytes 0-1/9")], Array("hi".utf8))] }) {
            fetcher, server in
            await expectMFError(.fetchPart) {
                try await fetcher.fetch(FetchRequest(url: server.url, acceptsAnyStatus: acceptsAnyStatus))
            }
        }
    }

    @Test(arguments: [204, 205]) func anAnswerWithoutContentIsNoFile(status: Int) async throws {
        try await withServer({ _ in [.reply(status, [], [])] }) { fetcher, server in
            let error = await expectMFError(.fetchStatus) { try await fetcher.fetch(server.url) }
            #expect(error?.hint?.contains("no content") == true)
            let answer = try await fetcher.fetch(FetchRequest(url: server.url, acceptsAnyStatus: true))
            #expect(answer.status == status && answer.isSuccess)
        }
    }

    @Test func aPartThatWasAskedForIsAnAnswer() async throws {
        try await withServer({ _ in [.reply(206, [("Content-Range", "bytes 0-1/9")], Array("hi".utf8))] }) {
            fetcher, server in
            let request = FetchRequest(url: server.url, headers: [("Range", "bytes=0-1")], acceptsAnyStatus: true)
            let response = try await fetcher.fetch(request)
            #expect(response.text == "hi")
        }
    }

    @Test(
        arguments: [
            "Content-Length: 2\r\nContent-Length: 4", "Content-Length: 4\r\nContent-Length: 4", "Content-Length: 4, 4",
            "Content-Length: 4\r\nTransfer-Encoding: chunked", "Content-Length: +4",
        ])
    func aLengthThatContradictsItselfIsAnError(header: String) async throws {
        let body = header.contains("chunked") ? "4\r\nbody\r\n0\r\n\r\n" : "body"
        try await withServer({ _ in [.raw("HTTP/1.1 200 OK\r\n\(header)\r\n\r\n\(body)"), .close] }) {
            fetcher, server in
            await expectMFError(.fetchLength) { try await fetcher.fetch(server.url) }
        }
    }

    @Test(arguments: [1, 1000]) func aHeaderThatIsTooLargeIsSaidToBe(lines: Int) async throws {
        let value = String(repeating: "x", count: 400_000 / lines)
        let header = (0..<lines).map { "X-\($0): \(value)\r\n" }.joined()
        try await withServer({ _ in [.raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(header)\r\n")] }) {
            fetcher, server in
            let error = await expectMFError(.fetchTooLarge) { try await fetcher.fetch(server.url) }
            #expect(error?.message == "the header of the answer is too large")
        }
    }
}
