import Diagnostics
import Posix

/// The files that hold tests.
enum SpecFiles {
    /// The files that arguments name: a file itself, all `*_spec.lua` below a folder; without arguments, those in `spec`.
    ///
    /// - Throws: ``MFError`` with `CLI-008` where there is no such file or folder, or no test in it.
    static func named(_ arguments: [String]) throws -> [String] {
        var files: [String] = []
        for path in arguments.isEmpty ? ["spec"] : arguments {
            guard File.exists(path) else { throw MFError.noSpecs(path, "there is no such file or folder") }
            guard Folder.isFolder(path) else {
                files.append(path)
                continue
            }
            let found = ((try? Folder.files(below: path)) ?? []).filter { $0.hasSuffix("_spec.lua") }
            if found.isEmpty { throw MFError.noSpecs(path, "no file in it ends with `_spec.lua`") }
            files += found.map { path == "." ? $0 : "\(path)/\($0)" }
        }
        var known: Set<String> = []
        return files.filter { known.insert($0).inserted }
    }
}

extension MFError {
    static func noSpecs(_ path: String, _ reason: String) -> MFError {
        MFError(
            .noSpecs, "there are no tests in `\(path)`: \(reason)", context: [("path", path)],
            hint: "write spec/name_spec.lua with `describe` and `it`, or name a file: `mflua test tests/disk.lua`")
    }
}
