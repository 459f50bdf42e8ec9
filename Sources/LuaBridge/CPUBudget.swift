internal import CLuaShim
internal import Diagnostics
internal import EventLoops

/// The limit on processor time that a call shares with what it spawns.
package final class CPUBudget: @unchecked Sendable {
    // The pointer is a constant; what it points to is used on the loop's thread only.
    let pointer: OpaquePointer
    private let loop: EventLoop

    fileprivate init(_ pointer: OpaquePointer, _ loop: EventLoop) { (self.pointer, self.loop) = (pointer, loop) }

    deinit {
        let address = Int(bitPattern: pointer)
        loop.runOnLoop { mf_account_release(OpaquePointer(bitPattern: address)) }
    }
}

extension LuaState {
    /// The account of the call that runs, for the tasks that it spawns. On the loop, inside of a callable.
    ///
    /// - Throws: ``MFError`` with `LUA-003` if memory runs out.
    package func accountOfCall() throws -> CPUBudget {
        guard let pointer = mf_account_retain(try alive()) else { throw MFError.outOfMemory() }
        return CPUBudget(pointer, loop)
    }
}
