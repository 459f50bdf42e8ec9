internal import CEventLoop

extension EventLoop {
    /// Stops the program when the caller does not run on the loop's thread.
    ///
    /// For everything that belongs to a loop and is called synchronously: off the loop it would race with the code that
    /// runs there. On the loop it costs one comparison.
    ///
    /// ```swift
    /// public func append(_ element: Element) {
    ///     loop.checkOnLoop("Queue")
    ///     …
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - type: The type whose member was called, for the message.
    ///   - member: The member that was called.
    @inline(__always)
    public func checkOnLoop(_ type: StaticString = "EventLoops", _ member: StaticString = #function) {
        if !isOnLoop { Self.stopOffLoop("\(type).\(member)") }
    }

    /// Ends the program: a call was made on a thread where it would race.
    @inline(never)
    package static func stopOffLoop(_ call: String) -> Never {
        fatalError(
            """
            `\(call)` was called off the thread of its event loop: call it inside of \
            `try await runtime.loop.perform { … }`
            """)
    }

    /// The number of the loop whose thread the caller runs on; 0 on all other threads.
    package static var current: UInt { mf_loop_current() }
}
