import EventLoops
import Fetch

extension Runtime {
    /// Begins to listen to the servers that remotes of watching hosts come from, where they tell what changes.
    ///
    /// A server that does, as `mflua serve --watch`, is listened to for as long as a remote comes from there; one that
    /// does not is asked once. Listening counts as work: a host that watches goes on.
    package func followOrigins() {
        guard registry.reloads.feeds == nil else { return }
        let feeds = OriginFeeds(self)
        registry.reloads.feeds = feeds
        feeds.check()
    }

    /// Ends what ``followOrigins()`` began.
    package func endFollowingOrigins() {
        registry.reloads.feeds?.end()
        registry.reloads.feeds = nil
    }

    /// Asks for new versions of what has changed on a server.
    ///
    /// - Parameter paths: Which files, by their paths below the origin; nothing: it is not known which.
    func revalidate(_ paths: Set<String>?, of origin: Origin) async {
        let names = registry.parts.remotes.filter { name in
            registry.parts.urls(of: name).contains { url in
                guard let (place, path) = Origin.split(url), place == origin else { return false }
                return paths?.contains(path) ?? true
            }
        }
        var left = Set(names)
        for host in registry.hosts where host.isWatching && !left.isEmpty {
            guard let updated = try? await RemoteUpdater(host).revalidate(left.sorted()) else { return }
            left.subtract(updated)
        }
    }
}

extension Runtime {
    /// On whose behalf a server is listened to: the owner's, where a remote of no tenant comes from there, else that of a
    /// tenant whose remote does; nobody's when none does any more.
    func listener(to origin: Origin) -> FetchPrincipal? {
        var tenants: FetchPrincipal?
        for host in registry.hosts {
            for remote in host.options.remotes.elements
            where registry.parts.urls(of: remote.name).contains(where: { Origin.split($0)?.0 == origin }) {
                guard let principal = try? RemoteUpdater(host).principal(of: remote) else { continue }
                if remote.tenant == nil { return principal }
                tenants = tenants ?? principal
            }
        }
        return tenants
    }
}

/// The servers that are listened to: those that remotes of watching hosts come from.
final class OriginFeeds: RemoteFollower, @unchecked Sendable {
    // Told of remotes by the registry, and checks later in an action, all on the runtime's loop.
    private unowned let runtime: Runtime
    private var feeds: [Origin: OriginFeed] = [:]
    private var isCheckDue = false
    private var isEnded = false

    init(_ runtime: Runtime) { self.runtime = runtime }

    /// A remote is made of a URL that it was not made of before.
    func add(_ url: String) {
        guard runtime.registry.hosts.contains(where: \.isWatching) else { return }
        guard let (origin, _) = Origin.split(url), feeds[origin] == nil else { return }
        check()
    }

    /// Remotes or hosts have come or gone. Of many changes at once, the last one is looked at.
    func check() {
        guard !isCheckDue else { return }
        isCheckDue = true
        runtime.loop.submit { [self] in
            isCheckDue = false
            if !isEnded { follow() }
        }
    }

    private func follow() {
        var wanted: Set<Origin> = []
        for host in runtime.registry.hosts where host.isWatching {
            for remote in host.options.remotes.elements {
                for url in runtime.registry.parts.urls(of: remote.name) {
                    if let (origin, _) = Origin.split(url) { wanted.insert(origin) }
                }
            }
        }
        for (origin, feed) in feeds where !wanted.contains(origin) {
            feeds[origin] = nil
            feed.end()
        }
        for origin in wanted where feeds[origin] == nil {
            let feed = OriginFeed(origin, runtime)
            feeds[origin] = feed
            feed.start()
        }
    }

    /// Ends all listening.
    func end() {
        isEnded = true
        for feed in feeds.values { feed.end() }
        feeds = [:]
    }
}
