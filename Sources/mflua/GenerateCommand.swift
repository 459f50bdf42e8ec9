import ArgumentParser
import Diagnostics
import Federation
import Posix

/// `mflua generate`: writes the reference, the table of codes and the editor stubs into a checkout.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Write the reference and the editor stubs from the declarations.",
        discussion: "Run it in a checkout of mflua after a hook, a field or a code has changed.")

    @Argument(help: "The checkout to write into.")
    var folder = "."

    func run() throws {
        for file in Reference.files {
            let path = folder + "/" + file.path
            do {
                try File.write(file.text, to: path)
            } catch {
                throw MFError.cannotWriteReference(path, reason: error)
            }
            print("wrote \(file.path)")
        }
    }
}

extension MFError {
    fileprivate static func cannotWriteReference(_ path: String, reason: Errno) -> MFError {
        MFError(
            .cannotWrite, "cannot write `\(path)`: \(reason)",
            hint: "run `mflua generate` in a checkout of mflua, or name its folder")
    }
}
