import Diagnostics

/// What becomes of a plugin's failures: the owner's decision, made where the plugin is listed.
///
/// ```swift
/// HostOptions(name: "agent", plugins: [.file("metrics.lua").with(PluginPolicy(fail: .open, timeout: .milliseconds(200)))])
/// ```
public struct PluginPolicy: Sendable, Equatable {
    /// What a failure of a listener does to the step it was called in.
    public enum Failure: String, Sendable, CaseIterable {
        /// The step fails. Module Federation's rule, and the default of the owner's plugins.
        case closed
        /// The listener counts as having returned nothing.
        case open
        /// The listener only watches: its arguments are read-only, its result is ignored, and a listener that waits is not
        /// waited for.
        case observe
    }

    /// When a plugin that keeps failing is no longer called.
    public struct Trip: Sendable, Equatable {
        /// How many failures in a row.
        public var errors: Int
        /// The time within which they have to happen.
        public var window: Duration
        /// How long the plugin is passed over before one call tries it again; doubled with each try that fails, up to
        /// ten minutes.
        public var open: Duration

        /// Makes a rule; as it stands, five failures within a minute, and a try after half a minute.
        public init(errors: Int = 5, window: Duration = .seconds(60), open: Duration = .seconds(30)) {
            (self.errors, self.window, self.open) = (errors, window, open)
        }
    }

    /// What a failure does; nil: `closed` for the owner's plugins, and for a tenant's where it may change what it failed in.
    public var fail: Failure?
    /// After how long a listener that waits is given up.
    public var timeout: Duration?
    /// How much processor time a call of a listener may take, without waits.
    public var cpu: Duration?
    /// When the plugin is passed over; nil: never under `closed`, else as ``Trip/init(errors:window:open:)`` says.
    public var trip: Trip?
    /// Whether the plugin is called however often it fails.
    public var neverTrips = false

    /// Makes a policy; as it stands, that of a plugin about which nothing is said.
    public init(
        fail: Failure? = nil, timeout: Duration? = nil, cpu: Duration? = nil, trip: Trip? = nil,
        neverTrips: Bool = false
    ) {
        (self.fail, self.timeout, self.cpu, self.trip, self.neverTrips) = (fail, timeout, cpu, trip, neverTrips)
    }

    /// The rule by which the plugin trips, if it does.
    ///
    /// - Parameter isTenants: Whether it runs in a tenant: such a plugin trips unless its owner says otherwise.
    func trip(isTenants: Bool) -> Trip? {
        if neverTrips { return nil }
        if let trip { return trip }
        return isTenants && fail == nil || fail == .open || fail == .observe ? Trip() : nil
    }
}
