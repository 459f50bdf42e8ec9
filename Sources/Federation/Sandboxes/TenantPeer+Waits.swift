import Diagnostics
import EventLoops
import LuaBridge

// What a worker tells of the waits inside of it.
extension TenantPeer {
    /// What a request is part of, by the number that the other side gives as its cause.
    func activity(of cause: Int64) -> Activity? {
        cause < 0 ? mirror?.task(cause) : askers[UInt64(cause)]
    }

    /// Takes what a worker tells of a wait.
    ///
    /// - Throws: ``MFError`` with `LOAD-001` when the wait closes a circle, `LIMIT-004` when there are more waits than a
    ///   sound worker could have.
    func noteWait(_ values: LuaValues, isBegun: Bool) throws {
        guard let mirror, let most = bounds.requests, 2...3 ~= values.count, case .integer(let waiter) = values[0],
            case .integer(let awaited) = values[1], waiter != 0, awaited < 0
        else { throw MFError.garbled() }
        var name: String?
        if values.count == 3 {
            guard case .string(let text) = values[2], text.utf8.count <= MirroredWaits.longestName else {
                throw MFError.garbled()
            }
            name = text
        }
        guard isBegun else { return mirror.end(waiter, for: awaited) }
        // One for each call and task that waits for a task, one for each task of `mf.all`, and those of modules.
        guard mirror.count < most + slots.count + MirroredWaits.mostModules else {
            let error = MFError.workerAsksTooMuch(most)
            close(error)
            throw error
        }
        // The call may have been given up meanwhile.
        guard let waiting = activity(of: waiter) else { return }
        // Looking for a circle goes through all that is waited for.
        let awaitedTask = mirror.task(awaited, named: name)
        if awaitedTask.isWaiting { noteReceived(Self.visitSize * awaitedTask.reach) }
        try mirror.begin(waiting, waiter, for: awaited)
    }

    /// How much each activity that is looked at for a worker counts of what it may send.
    private static let visitSize = 2048
}
