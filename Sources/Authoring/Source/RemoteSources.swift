import Diagnostics
import Federation
import OrderedCollections
import Posix

/// The files that a remote consists of, and how they depend on each other: what its sources say, before anything is written.
struct RemoteSources: Sendable {
    /// A file of the remote.
    struct Part: Sendable {
        let source: String
        let bytes: [UInt8]
        /// The assets that it needs, sorted.
        var needs: Set<String> = []
        /// The modules of others that it requires.
        var external: Set<String> = []
        /// The packages that it asks for.
        var shares: Set<String> = []
        /// The requests that it loads.
        var remotes: Set<String> = []
    }

    /// A module that the remote's entry names.
    struct Root: Sendable {
        let module: String
        let asset: String
    }

    /// By asset: the path at which `require` looks for it.
    fileprivate(set) var parts: [String: Part] = [:]
    /// The exposes' modules, by key.
    fileprivate(set) var exposes: [String: Root] = [:]
    /// The modules of shared packages that are brought along, by package.
    fileprivate(set) var shared: [String: Root] = [:]
    fileprivate(set) var findings: [SourceFinding] = []
    /// What is reached by computed names only: places in the sources.
    fileprivate(set) var notes: [SourceFinding] = []

    /// Follows the sources of a project.
    ///
    /// - Throws: what keeps a compiler from being made; what is wrong with the sources is among the findings.
    init(of project: Project) throws {
        var tracer = SourceTracer(project)
        try tracer.run()
        self = tracer.result
    }

    fileprivate init() {}

    /// An asset with everything that it needs, sorted by bytes.
    func closure(of roots: some Sequence<String>) -> [String] {
        var seen: Set<String> = []
        var open = Array(roots)
        while let asset = open.popLast() {
            guard let part = parts[asset], seen.insert(asset).inserted else { continue }
            open += part.needs
        }
        return seen.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

/// Follows requires from the exposes on.
private struct SourceTracer {
    private let project: Project
    private let finder: ModuleFinder
    private(set) var result = RemoteSources()
    private var config: ProjectConfig { project.config }

    /// The modules that every remote can require.
    private static let standard: Set<String> =
        ["_G", "coroutine", "debug", "io", "math", "os", "package", "string", "table", "utf8", "mf"]

    /// Files that computed names reach: their modules and assets.
    private var included: [(module: String, place: ModuleFinder.Place)] = []
    private var includedAndReached: Set<String> = []
    private var mentions: [String: SourceMentions] = [:]
    private var requiredBy: [String: String] = [:]
    private lazy var known = finder.known()

    init(_ project: Project) {
        self.project = project
        finder = ModuleFinder(project)
    }

    mutating func run() throws {
        findIncluded()
        var open: [ModuleFinder.Place] = []
        var roots: [(expose: ProjectConfig.Expose?, shared: ProjectConfig.Shared?, place: ModuleFinder.Place)] = []
        for expose in config.exposes {
            guard let place = place(of: expose.file, as: "exposes[\"\(expose.key)\"]") else { continue }
            roots.append((expose, nil, place))
        }
        for shared in config.shared {
            guard let file = shared.file, let place = place(of: file, as: "shared[\"\(shared.name)\"].import") else {
                continue
            }
            roots.append((nil, shared, place))
        }
        open = roots.map(\.place) + included.map(\.place)
        while let place = open.popLast() {
            guard result.parts[place.asset] == nil else { continue }
            read(place)
            for module in mentions[place.asset]?.modules ?? [] {
                if let found = resolve(module, from: place) { open.append(found) }
            }
        }
        for place in result.parts.keys.sorted() { checkUnclear(in: place) }
        let exposed = roots.filter { $0.expose != nil }.map(\.place.asset)
        // What nobody is known to reach may be reached by everybody.
        for (_, place) in included where !includedAndReached.contains(place.asset) {
            for asset in exposed where asset != place.asset { result.parts[asset]?.needs.insert(place.asset) }
        }
        for root in roots {
            let made = RemoteSources.Root(module: name(of: root.place), asset: root.place.asset)
            if let expose = root.expose { result.exposes[expose.key] = made }
            if let shared = root.shared { result.shared[shared.name] = made }
        }
        checkDeclarations()
        let sources = result.parts.sorted { $0.value.source < $1.value.source }
        result.findings += try SourceReader.compile(sources.map { ($0.value.source, $0.value.bytes) })
        result.findings = Array(OrderedSet(result.findings.sorted(by: SourceFinding.isBefore)))
    }

    /// The name that the entry requires a file by.
    private func name(of place: ModuleFinder.Place) -> String {
        requiredBy[place.asset] ?? finder.module(of: place.source) ?? ""
    }

    // MARK: - Files

    private mutating func place(of file: String, as key: String) -> ModuleFinder.Place? {
        guard File.exists(project.location(file)) else {
            let files = (try? Folder.files(below: project.folder))?.filter { $0.hasSuffix(".lua") } ?? []
            fail(
                .files, ProjectConfig.fileName, "`\(key)`: no file `\(file)`",
                hint: file.closestMatch(in: files).map { "did you mean `\($0)`?" })
            return nil
        }
        guard let module = finder.module(of: file), let place = finder.find(module) else {
            fail(
                .files, ProjectConfig.fileName, "`\(key)`: no `require` leads to `\(file)`",
                hint: "use names without dots before `.lua`")
            return nil
        }
        return place
    }

    private mutating func findIncluded() {
        guard !config.include.isEmpty else { return }
        let files = (try? Folder.files(below: project.folder)) ?? []
        for pattern in config.include {
            let glob = Glob(pattern)
            let matching = files.filter { $0.hasSuffix(".lua") && glob.matches($0) && $0 != ProjectConfig.fileName }
            if matching.isEmpty {
                fail(.files, ProjectConfig.fileName, "`include`: no Lua file matches `\(pattern)`")
            }
            for file in matching {
                if let module = finder.module(of: file), let place = finder.find(module) {
                    included.append((module, place))
                } else {
                    fail(
                        .files, ProjectConfig.fileName, "`include`: no `require` leads to `\(file)`",
                        hint: "use names without dots before `.lua`")
                }
            }
        }
    }

    private mutating func read(_ place: ModuleFinder.Place) {
        do {
            let source = try SourceReader.read(place.source, of: project)
            mentions[place.asset] = source.mentions
            var part = RemoteSources.Part(source: place.source, bytes: source.bytes)
            part.shares = Set(source.mentions.shares.map(\.name))
            part.remotes = Set(source.mentions.remotes.map(\.name))
            result.parts[place.asset] = part
        } catch {
            result.findings.append(error.finding)
            result.parts[place.asset] = RemoteSources.Part(source: place.source, bytes: [])
        }
        if place.asset == ProjectConfig.entryName {
            fail(
                .files, place.source, "`\(ProjectConfig.entryName)` is the name of the entry that is written",
                hint: "rename the file")
        }
    }

    // MARK: - Modules

    /// The file that a `require` loads; nil where it is somebody else's or wrong.
    private mutating func resolve(_ module: SourceMentions.Named, from place: ModuleFinder.Place) -> ModuleFinder.Place?
    {
        let name = module.name
        if let shared = config.shared.first(where: { $0.name == name }), shared.file != place.source {
            fail(
                .shared, place.source, line: module.line, "`\(name)` is shared: `require` would load a second copy",
                hint: "write `mf.loadShare(\"\(name)\")()`")
            return nil
        }
        if let found = finder.find(name) {
            result.parts[place.asset]?.needs.insert(found.asset)
            requiredBy[found.asset] = min(requiredBy[found.asset] ?? name, name)
            return found
        }
        if isProvided(name) || mentions[place.asset]?.preloaded.contains(name) == true {
            result.parts[place.asset]?.external.insert(name)
        } else {
            let close = name.closestMatch(in: known)
            fail(
                .requires, place.source, line: module.line, "no module `\(name)` in the project",
                hint: close.map { "did you mean `\($0)`?" }
                    ?? "add it, or list `\(name)` in `external` if the host provides it")
        }
        return nil
    }

    private func isProvided(_ module: String) -> Bool {
        Self.standard.contains(module) || module.hasPrefix("mf.")
            || config.external.contains { ModulePattern($0).matches(module) }
    }

    private mutating func checkUnclear(in asset: String) {
        guard let part = result.parts[asset] else { return }
        for mention in mentions[asset]?.unclear ?? [] {
            let reached: [ModuleFinder.Place]
            let what: String
            switch mention.kind {
            case .value:
                what = "`require` is used as a value: the modules that it loads are not known"
                reached = included.map(\.place)
            case .computed(let prefix):
                what =
                    prefix.isEmpty
                    ? "`require` with a computed name: the modules that it loads are not known"
                    : "`require` with a computed name that begins with `\(prefix)`"
                reached = included.filter { $0.module.hasPrefix(prefix) }.map(\.place)
            }
            if reached.isEmpty {
                fail(
                    .requires, part.source, line: mention.line, what,
                    hint: "write the name as one text, or list the files in `include` of \(ProjectConfig.fileName)")
            } else {
                result.notes.append(
                    SourceFinding(
                        .requires, part.source, line: mention.line, "\(what); `include` has \(reached.count.files)")
                )
                for place in reached where place.asset != asset {
                    result.parts[asset]?.needs.insert(place.asset)
                }
                includedAndReached.formUnion(reached.map(\.asset))
            }
        }
    }

    // MARK: - Shares and remotes

    private mutating func checkDeclarations() {
        let shares = config.shared.map(\.name)
        let aliases = config.remotes.map(\.alias)
        for (asset, part) in result.parts {
            for use in mentions[asset]?.shares ?? [] where !shares.contains(use.name) {
                fail(
                    .shared, part.source, line: use.line, "`\(use.name)` is not declared in `shared`",
                    hint: use.name.closestMatch(in: shares).map { "did you mean `\($0)`?" }
                        ?? "add `shared = { [\"\(use.name)\"] = { import = false } }` to \(ProjectConfig.fileName)")
            }
            for use in mentions[asset]?.remotes ?? [] where config.remote(of: use.name) == nil {
                let remote = use.name.prefix { $0 != "/" }
                fail(
                    .remotes, part.source, line: use.line, "remote `\(remote)` is not declared in `remotes`",
                    hint: String(remote).closestMatch(in: aliases).map { "did you mean `\($0)`?" }
                        ?? "add `remotes = { \(remote) = \"\(remote)@https://…/mf-manifest.json\" }` to "
                        + ProjectConfig.fileName)
            }
        }
    }

    private mutating func fail(
        _ rule: SourceFinding.Rule, _ path: String, line: Int? = nil, _ message: String, hint: String? = nil
    ) {
        result.findings.append(SourceFinding(rule, path, line: line, message, hint: hint))
    }
}

extension ProjectConfig {
    /// The remote that a request is for, and what is asked of it: `.` for the remote itself.
    func remote(of request: String) -> (remote: Remote, expose: String)? {
        for remote in remotes.sorted(by: { $0.alias.utf8.count > $1.alias.utf8.count }) {
            for name in [remote.alias, remote.name] {
                if request == name { return (remote, ".") }
                if request.hasPrefix(name + "/") { return (remote, String(request.dropFirst(name.count + 1))) }
            }
        }
        return nil
    }
}

extension Int {
    /// `1 file`, `2 files`.
    package var files: String { self == 1 ? "1 file" : "\(self) files" }
}
