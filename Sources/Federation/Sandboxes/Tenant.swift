import Diagnostics
import EventLoops
import Fetch
package import LuaBridge

/// A sandbox for code that the host's owner does not vouch for.
///
/// A tenant outlives its *instances*: the Lua state, or the worker process, that runs its code. An instance that goes over
/// a limit is terminated, dropped, and replaced by a fresh one at the next call, in which what was loaded is loaded again. A
/// tenant whose instances are terminated too often is suspended for a growing time.
///
/// ```swift
/// let tenant = Tenant("acme", options, services: services, host: state)
/// let plugin = try tenant.loadPlugin(source, name: "@acme-plugin.lua", options: ["plan": "gold"])
/// let module = try await tenant.run(entry, name: "@remoteEntry.lua")
/// ```
///
/// Values cross by copy, functions as proxies that can be called from either side, views as read-only views.
package final class Tenant: @unchecked Sendable {
    // The members that others than its host call check the thread; its host and its instances call the rest on `host.loop`.

    /// Its name, as hosts and errors call it.
    package let name: String

    /// Whether a tenant can have a name: `acme/x-plugin` has to name one plugin, and messages hold names as they are.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 128
            && !name.unicodeScalars.contains {
                "/,:*!".unicodeScalars.contains($0) || $0.properties.generalCategory == .control
            }
    }

    /// Its limits and capabilities.
    package let options: TenantOptions
    let services: TenantServices
    let host: LuaState
    /// Bytes of all that was fetched for it.
    var fetchedBytes = 0
    /// What it fetches with; made at its first fetch.
    private var fetcher: (any Fetcher)?
    /// The stores of its plugins, by the numbers of their chunks.
    var stores: [Int64: any StoreAccess] = [:]
    /// What it prints and logs.
    let log: TenantLog
    /// The calls that wait.
    var races: [any TenantRacing] = []
    var loop: EventLoop { host.loop }

    @exclusivity(unchecked)
    private(set) var instance: (any Sandbox)?
    @exclusivity(unchecked)
    private var isClosed = false
    private var generations = 0
    /// The number of the last chunk.
    var chunks: Int64 = 0
    private var violationTimes: [ContinuousClock.Instant] = []
    private var suspensions = 0
    /// How long it is suspended the first time; each later time is twice as long as the one before.
    var firstSuspension = Duration.seconds(1)
    @exclusivity(unchecked)
    private var suspendedUntil: ContinuousClock.Instant?
    private var past = TenantUsage()
    /// Why its level is not to be had here, and until when that is not tried again.
    private var refusal: (error: MFError, until: ContinuousClock.Instant)?
    private static let refusalTime = Duration.seconds(1)
    @exclusivity(unchecked)
    var calls = 0
    var errors = 0
    /// Results of its hooks that did not count.
    var drops = 0
    private var violations: [String: Int] = [:]

    /// Makes a tenant. Nothing is started before the first call.
    ///
    /// - Parameter host: The host's state: its functions are called when the tenant calls what it was given.
    package init(_ name: String, _ options: TenantOptions, services: TenantServices, host: LuaState) {
        (self.name, self.options, self.services, self.host) = (name, options, services, host)
        log = TenantLog(name, services, loop: host.loop)
    }

    /// Ends it. Its functions throw from then on.
    package func close() {
        loop.checkOnLoop("Tenant")
        isClosed = true
        log.close()
        instance?.close()
        instance = nil
        fetcher?.close()
        fetcher = nil
    }

    /// What it fetches with: connections of its own, so that it neither uses up nor shares those of the host and of other
    /// tenants. Nothing when it is closed or the host fetches nothing.
    func ownFetcher() -> (any Fetcher)? {
        if isClosed { return nil }
        if let fetcher { return fetcher }
        let limits = FetchLimits(
            transfersPerServer: 8, transfers: 32, keptConnections: 8, bytesUnderWay: options.memory,
            idleTime: .seconds(60))
        fetcher = services.fetcher?.separated(limits)
        return fetcher
    }

    // MARK: - Instances

    /// The instance that runs now, made when there is none.
    func current() throws -> any Sandbox {
        if isClosed { throw MFError.tenantClosed(name) }
        if let instance {
            guard instance.isTerminated, let violation = instance.violation else { return instance }
            noteViolation(of: instance, violation)
        }
        if let remaining = suspension { throw MFError.tenantSuspended(name, for: remaining) }
        if let refusal, loop.now < refusal.until { throw refusal.error.inTenant(name) }
        let fresh: any Sandbox
        do {
            switch options.level {
            case .state: fresh = try InProcessSandbox(loop: loop, options: options, imports: imports())
            case .process: fresh = try WorkerSandbox(tenant: name, loop: loop, options: options, imports: imports())
            }
        } catch let error as MFError where error.code == .levelUnavailable {
            refuse(error)
            throw error
        }
        generations += 1
        fresh.onViolation = { [weak self, weak fresh] in
            for race in self?.races ?? [] where race.instance === fresh { race.end() }
        }
        instance = fresh
        return fresh
    }

    /// How long it is suspended still; nil when it is not.
    package var suspension: Duration? {
        loop.checkOnLoop("Tenant")
        guard let suspendedUntil else { return nil }
        let remaining = loop.now.duration(to: suspendedUntil)
        return remaining > .zero ? remaining : nil
    }

    /// Lets go of a terminated instance and decides whether there will be another soon.
    func noteViolation(of terminated: any Sandbox, _ error: MFError) {
        guard instance === terminated else { return }
        instance = nil
        terminated.close()
        if error.code == .levelUnavailable {
            // No fault of the tenant's, whose code has not run.
            refuse(error)
            return
        }
        let usage = terminated.usage
        past.cpu += usage.cpu
        past.peakMemory = max(past.peakMemory, usage.peakMemory)
        violations[error.code.rawValue, default: 0] += 1
        services.log(.warning, "tenant `\(name)` exceeded a limit: \(error.message) [\(error.code)]")
        let now = loop.now
        violationTimes.removeAll { $0.duration(to: now) > options.restartWindow }
        violationTimes.append(now)
        if violationTimes.count >= options.maxRestarts {
            let time = firstSuspension * (1 << min(suspensions, 10))
            suspensions += 1
            suspendedUntil = now + time
            violationTimes.removeAll()
            services.log(.error, "tenant `\(name)` is suspended for \(time)")
            services.event(.suspended(name, for: time))
        }
        services.event(.terminated(name, error))
        TenantMetrics.terminated(name, error.code)
    }

    /// Notes that the tenant's level is not to be had here.
    private func refuse(_ error: MFError) {
        refusal = (error, loop.now + Self.refusalTime)
        services.log(.error, "tenant `\(name)` cannot run: \(error.message)")
    }

    /// The error of a call of an instance as the host sees it.
    func failure(_ error: any Error, of instance: any Sandbox) -> any Error {
        errors += 1
        if let violation = instance.violation {
            noteViolation(of: instance, violation)
            return violation.inTenant(name)
        }
        guard let error = error as? MFError else { return error }
        let failure = raised(error, by: instance)
        return (TenantLacks.error(for: failure) ?? failure).inTenant(name)
    }

    /// An error that a script raised, as the host sees it: messages and error tables become errors with a code, other
    /// values cross by copy.
    private func raised(_ error: MFError, by instance: any Sandbox) -> MFError {
        guard let thrown = error.thrown as? LuaValue else { return error }
        var error = error
        error.thrown = nil
        guard let state = instance as? InProcessSandbox, let value = try? exported(try state.leave(thrown)) else {
            return error
        }
        return error.telling(value)
    }

    /// The worker process that runs now, of a tenant of level `process`.
    package var workerProcessID: Int32? {
        loop.checkOnLoop("Tenant")
        // Of one that is at its end the number may be another process's by now.
        guard let worker = instance as? WorkerSandbox, !worker.isTerminated else { return nil }
        return worker.processID
    }

    // MARK: - Accounting

    /// What it has used and how it is.
    package var stats: TenantStats {
        loop.checkOnLoop("Tenant")
        let usage = instance?.usage ?? TenantUsage()
        let stats = TenantStats(
            memory: usage.memory, peakMemory: max(past.peakMemory, usage.peakMemory), cpuTime: past.cpu + usage.cpu,
            calls: calls, errors: errors, drops: drops, violations: violations, generation: generations,
            state: isClosed ? .closed : suspension != nil ? .suspended : instance == nil ? .idle : .running,
            suspendedFor: suspension)
        TenantMetrics.record(name, stats)
        return stats
    }
}
