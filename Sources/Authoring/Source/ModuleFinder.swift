import Posix

/// Finds the files of modules in a project, and the names of modules of files.
struct ModuleFinder: Sendable {
    /// A module's file.
    struct Place: Sendable, Hashable {
        /// The file, relative to the project's folder.
        let source: String
        /// Where `require` looks for it at run time: `storage/disk.lua`.
        let asset: String
    }

    private let folder: String
    /// Where names begin, relative to the project's folder, in the order in which they are looked into.
    private let roots: [String]

    /// - Parameter project: Its folder is looked into, then `src`, then the folders of its exposes.
    init(_ project: Project) {
        folder = project.folder
        var roots = ["", "src/"]
        for expose in project.config.exposes {
            let root = expose.file.lastIndex(of: "/").map { String(expose.file[...$0]) } ?? ""
            if !roots.contains(root) { roots.append(root) }
        }
        self.roots = roots
    }

    /// The file of a module; nil where the project has none.
    func find(_ module: String) -> Place? {
        let path = module.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "/")
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && !$0.utf8.contains(0) }) else { return nil }
        for root in roots {
            for asset in [path + ".lua", path + "/init.lua"] {
                let source = root + asset
                let location = "\(folder)/\(source)"
                if File.exists(location), !Folder.isFolder(location) { return Place(source: source, asset: asset) }
            }
        }
        return nil
    }

    /// The shortest name by which a file is found; nil where there is none: where its path has dots or blanks.
    func module(of source: String) -> String? {
        names(of: source).first { find($0)?.source == source }
    }

    /// The names that may lead to a file, those below `src` first.
    private func names(of source: String) -> [String] {
        guard source.hasSuffix(".lua") else { return [] }
        return ["src/", ""].filter(source.hasPrefix).flatMap { root -> [String] in
            let path = source.dropFirst(root.count).dropLast(".lua".count)
            guard !path.contains(".") else { return [] }
            let name = path.split(separator: "/").joined(separator: ".")
            return name.hasSuffix(".init") ? [String(name.dropLast(".init".count)), name] : [name]
        }
    }

    /// The names of the modules that a person may have meant.
    func known() -> [String] {
        let files = (try? Folder.files(below: folder, skipping: ["dist"])) ?? []
        return files.compactMap { module(of: $0) }
    }
}
