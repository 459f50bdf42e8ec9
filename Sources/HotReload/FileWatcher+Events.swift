import Diagnostics

/// From the kernel's events to the files that they concern.
extension FileWatcher {
    /// Takes what the kernel has to tell.
    func takeEvents() {
        inotify.drain(handle)
        resolveWhereNeeded()
    }

    private func handle(_ event: INotify.Event) {
        if event.mask.contains(.overflow) {
            for file in files.values {
                file.mustResolve = true
                file.writer = .unknown
                stir(file)
            }
            return
        }
        guard let names = directories[event.watch] else { return }
        if !event.mask.isDisjoint(with: .directoryGone) {
            for path in Set(names.values.joined()) {
                guard let file = files[path] else { continue }
                file.mustResolve = true
                stir(file)
            }
            if event.mask.contains(.watchEnded) { forget(event.watch) }
            return
        }
        for path in names[event.name] ?? [] {
            guard let file = files[path] else { continue }
            note(event, on: file)
        }
    }

    private func note(_ event: INotify.Event, on file: WatchedFile) {
        let mask = event.mask
        if !mask.isDisjoint(with: .structure) {
            file.mustResolve = true
            file.candidate = nil
            file.writer = mask.contains(.created) ? .created : .nobody
        } else if file.residence != WatchedFile.Edge(watch: event.watch, name: event.name) {
            return  // times or mode of a directory or link on the way
        } else if mask.contains(.modified) {
            file.writer = .writing
            file.candidate = nil
            return
        } else if mask.contains(.closedAfterWriting) {
            file.writer = .nobody
        }
        stir(file)
    }

    func resolveWhereNeeded() {
        for file in files.values where file.mustResolve {
            // Without a watch left, the file is still looked at whenever something stirs in the directories that remain.
            try? resolve(file)
        }
    }

    /// Finds the directories that the file's path goes through now, and watches those.
    func resolve(_ file: WatchedFile) throws {
        file.mustResolve = false
        var edges: Set<WatchedFile.Edge> = []
        var residence: WatchedFile.Edge?
        do {
            try PathWalk.walk(file.location) { step in
                let mask: INotify.Mask = step.isLast ? .residence : .passage
                guard let watch = try inotify.watch(directory: step.directory, for: mask) else { return }
                let edge = WatchedFile.Edge(watch: watch, name: step.name)
                edges.insert(edge)
                residence = step.isLast ? edge : nil
                directories[watch, default: [:]][step.name, default: []].insert(file.path)
            }
        } catch {
            for edge in edges.subtracting(file.edges) { release(edge, of: file.path) }
            throw error
        }
        for edge in file.edges.subtracting(edges) { release(edge, of: file.path) }
        file.edges = edges
        file.residence = residence
    }

    /// Lets go of a directory's name, and of the directory if that was the last one.
    func release(_ edge: WatchedFile.Edge, of path: String) {
        guard directories[edge.watch] != nil else { return }
        directories[edge.watch]![edge.name]?.remove(path)
        if directories[edge.watch]![edge.name]?.isEmpty == true { directories[edge.watch]![edge.name] = nil }
        if directories[edge.watch]!.isEmpty {
            directories[edge.watch] = nil
            inotify.unwatch(edge.watch)
        }
    }

    /// The kernel has ended a watch by itself.
    private func forget(_ watch: Int32) {
        for path in Set((directories[watch] ?? [:]).values.joined()) {
            guard let file = files[path] else { continue }
            file.edges = file.edges.filter { $0.watch != watch }
        }
        directories[watch] = nil
    }
}
