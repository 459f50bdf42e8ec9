import EventLoops
import LuaBridge

/// A plugin that a host lists and has not attached: it was left out, or it did not load.
struct AbsentPlugin: Sendable {
    /// Why it is not attached.
    enum Reason: Sendable {
        /// It was left out before anything of it ran, or disabled since.
        case off(why: String?)
        /// It did not load, and its entry says `required = false`.
        case failed(any Error)
    }

    /// Its place, which it takes when it is attached.
    let id: PluginID
    /// Its name; what its file is called where that was not read.
    let name: String
    /// What stands in the list.
    let value: LuaValue
    /// Its file as it is written.
    let from: String?
    let tenant: String?
    var reason: Reason
    /// The files whose change may mend it.
    var files: Set<String>
    /// When it is tried again.
    var wakeUp: TimerID?

    /// Whether it is tried again when its files change.
    var hasFailed: Bool { if case .failed = reason { true } else { false } }
}
