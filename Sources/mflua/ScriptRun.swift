import ArgumentParser
import Federation
import Fetch
import Synchronization

/// A host script, code or prompt that is run to its end, as the options before it say.
struct ScriptRun {
    var invocation: Invocation
    var steps: [Step] = []
    var isInteractive = false
    var watches = false
    var isSafe = false
    var printsVersion = false
    var ignoresEnvironment = false
    var showsWarnings = false

    /// - Throws: What the script raised, or `ExitCode.failure` where what failed has been told already.
    func run() async throws {
        let isTalking = invocation.script == nil && steps.isEmpty && !printsVersion && Terminal.isInteractive
        if printsVersion || isTalking || isInteractive { print(BuildInfo.text) }
        let readsInput = invocation.script == nil && steps.isEmpty && !printsVersion && !isTalking && !isInteractive
        if invocation.script == nil, steps.isEmpty, !readsInput, !isTalking, !isInteractive { return }

        let script = invocation.script.map(Script.init)
        // libcurl brings some forty libraries along: they are opened while the host is still being made.
        if script?.namesTheFederation == true { CurlFetcher.warmUp() }
        let choice = PluginChoice(safely: isSafe)
        let session = try await Session(
            invocation: invocation, watches: watches, ignoresEnvironment: ignoresEnvironment, plugins: choice)
        do {
            try await session.setArguments()
            if showsWarnings { try await session.turnWarningsOn() }
            if !ignoresEnvironment { try await session.runInit() }
            for step in steps { try await session.perform(step) }
            if let script {
                try await session.run(script)
            } else if readsInput {
                try await session.run(Script("-"))
            }
            await choice.tellOfUnknownNames(session.runtime)
            if isTalking || isInteractive {
                await REPL(runtime: session.runtime).run()
            } else {
                try await session.runtime.waitUntilIdle()
            }
        } catch {
            await session.end()
            throw error
        }
        await session.end()
        // A person who types has seen what failed.
        if session.hasFailed, !isTalking, !isInteractive { throw ExitCode.failure }
    }
}

/// What is run: the script's name as typed, nil without one, and its arguments.
struct Invocation: Sendable {
    var script: String?
    var arguments: [String]
}

/// One `-e` or `-l`, with its place among both: they act in the order they were written.
struct Step: Sendable {
    enum Kind: Sendable { case code, module }

    let kind: Kind
    let text: String
    let position: Int

    private static let count = Atomic<Int>(0)

    static func code(_ text: String) -> Step { Step(.code, text) }
    static func module(_ text: String) -> Step { Step(.module, text) }

    private init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
        position = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
