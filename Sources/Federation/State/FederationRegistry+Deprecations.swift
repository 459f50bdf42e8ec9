import Logging
import LuaBridge

extension FederationRegistry {
    /// Tells of the use of a name that goes, once for each user and name.
    ///
    /// - Parameters:
    ///   - name: The name, as it is written in code.
    ///   - place: Where it is used.
    func tell(ofUse name: String, _ deprecation: Deprecation, by user: Notices.User, at place: String?) {
        tell(
            Notices.Notice(
                user: user, place: place,
                text: "`\(name)` is deprecated since \(deprecation.since) and removed in \(deprecation.removed)",
                advice: "use `\(deprecation.use)`"))
    }

    /// Tells of something in the log, unless it was told.
    func tell(_ notice: Notices.Notice) {
        if notices.add(notice) { log.warning("\(notice.line)") }
    }

    /// Whose code calls; that of plugins has functions of its own.
    fileprivate func user(of caller: LuaCaller?) -> Notices.User {
        caller.flatMap(environments.remote(calling:)).map { .remote($0) } ?? .script
    }
}

extension LuaCallable {
    /// The same function; where its name goes, it tells of its calls.
    ///
    /// - Parameters:
    ///   - name: The name, as it is written in code.
    ///   - user: Whose code calls it; nil: whoever calls is asked.
    ///   - registry: What is told.
    func telling(
        of name: String, _ availability: Availability, by user: Notices.User? = nil,
        to registry: @escaping @Sendable (LuaCall) throws -> FederationRegistry
    ) -> LuaCallable {
        guard let deprecation = availability.deprecated else { return self }
        return before { [waits] call in
            let (registry, caller) = (try registry(call), call.state.caller(waiting: waits))
            registry.tell(ofUse: name, deprecation, by: user ?? registry.user(of: caller), at: caller?.place)
        }
    }
}
