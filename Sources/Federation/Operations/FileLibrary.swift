import Diagnostics
import EventLoops
import Glibc
import LuaBridge
import Posix

/// `mf.fs`: files, off the loop.
enum FileLibrary {
    static let functions = [
        Operations.Function(
            name: "read", signature: "fun(path: string, options?: mf.ReadOptions): string",
            summary: "The content of a file."
        ) { operations in
            LuaCallable(async: "read") { call in
                let path = try call.path(0)
                let most = try readOptions.read(call, 1)["maxBytes"].byteCount ?? 16 << 20
                let bytes = try await operations.file("read", path) { try File.readOrdinary(path, upTo: most) }
                guard let bytes else { throw MFError.fileTooLarge(path, most) }
                return [.of(bytes)]
            }
        },
        Operations.Function(
            name: "write", signature: "fun(path: string, bytes: string, options?: mf.WriteOptions)",
            summary: """
                Replaces the content of a file, or makes it. Whoever reads it finds the old content or the new one, also after a \
                loss of power: a file beside it is written, flushed and renamed.
                """
        ) { operations in
            LuaCallable(async: "write") { call in
                let (path, bytes) = (try call.path(0), try call.bytes(1))
                let mode = try writeOptions.read(call, 2)["mode"].stringValue.flatMap { UInt32($0, radix: 8) }
                try await operations.file("write", path) { try File.replace(path, with: bytes, mode: mode) }
                return []
            }
        },
        Operations.Function(
            name: "list", signature: "fun(path: string): string[]", summary: "The names in a folder, sorted."
        ) { operations in
            LuaCallable(async: "list") { call in
                let path = try call.path(0)
                let names = try await operations.file("list", path) { try Folder.entries(of: path).map(\.name) }
                return [.array(names.map { .string($0) })]
            }
        },
        Operations.Function(
            name: "stat", signature: "fun(path: string): mf.FileStatus?",
            summary: "What a path names, links followed; nil where it names nothing."
        ) { operations in
            LuaCallable(async: "stat") { call in
                let path = try call.path(0)
                let status = try await operations.file("look at", path) { try FileTree.status(of: path) }
                return [status?.luaRecord ?? .nil]
            }
        },
        Operations.Function(
            name: "mkdir", signature: "fun(path: string)",
            summary: "Makes a folder and those on its way; one that is there is left as it is."
        ) { operations in
            LuaCallable(async: "mkdir") { call in
                let path = try call.path(0)
                try await operations.file("make", path) { try FileTree.makeFolder(path) }
                return []
            }
        },
        Operations.Function(
            name: "remove", signature: "fun(path: string, options?: mf.RemoveOptions): boolean",
            summary: "Removes a file, a link or an empty folder; false where there is none."
        ) { operations in
            LuaCallable(async: "remove") { call in
                let path = try call.path(0)
                let isRecursive = try removeOptions.read(call, 1)["recursive"].isTruthy
                let isGone = try await operations.file("remove", path) {
                    try FileTree.remove(path, recursively: isRecursive)
                }
                return [.boolean(isGone)]
            }
        },
        Operations.Function(
            name: "tail", signature: "fun(path: string, options?: mf.TailOptions): fun(): string",
            summary: """
                Iterates over the lines that are added to a file; waits for each. A file that is rotated or cut short is read \
                from its beginning, one that is not there is waited for.
                """
        ) { operations in
            LuaCallable("tail") { call in
                let path = try call.path(0)
                let options = try tailOptions.read(call, 1)
                let tail = Tail(
                    path, fromStart: options["from"] == .string("start"),
                    interval: options["interval"].time ?? .milliseconds(250),
                    operations)
                return [.callable(LuaCallable(async: "tail") { _ in [.of(try await tail.line())] })]
            }
        },
    ]

    static let readOptions = OptionTable([
        .init("maxBytes", .byteCount, "The size limit; \"16MB\" if absent.")
    ])
    static let writeOptions = OptionTable([
        .init(
            "mode",
            OptionType("string", "permissions such as \"640\"") { value in
                value.stringValue.map { (3...4).contains($0.utf8.count) && UInt32($0, radix: 8) != nil } ?? false
            }, "The permissions as octal digits; those of the file, or the usual ones, if absent.")
    ])
    static let removeOptions = OptionTable([
        .init("recursive", .boolean, "Whether a folder goes with all that it holds.")
    ])
    static let tailOptions = OptionTable([
        .init(
            "from", .word("end", "start"), "Which line comes first: the next one (the default), or that at the start."),
        .init("interval", .time, "How often the file is looked at; 250 ms if absent."),
    ])
}

extension Operations {
    /// Does something with a file on another thread.
    ///
    /// - Throws: ``MFError`` with `FILE-001` to `FILE-004`.
    func file<T: Sendable>(_ verb: String, _ path: String, _ body: @escaping @Sendable () throws -> T) async throws -> T
    {
        do { return try await loop.elsewhere(body) } catch let error as Errno {
            throw MFError.file(verb, path, error)
        }
    }
}

extension FileTree.Status {
    fileprivate var luaRecord: LuaValue {
        .record([
            "type": .string(type), "size": .integer(Int64(size)), "modified": .number(modified),
            "mode": .integer(Int64(mode)),
        ])
    }
}

extension MFError {
    /// A file that the system does not give, or take.
    static func file(_ verb: String, _ path: String, _ problem: Errno) -> MFError {
        let isNoFile = verb == "write" && problem.code == EINVAL
        let reason = isNoFile ? "it is not a regular file" : problem.description.lowercased()
        let message = "cannot \(verb) `\(path)`: \(reason)"
        let context: [(String, String?)] = [("path", path), ("errno", "\(problem.code)")]
        switch problem.code {
        case _ where problem.isOfAbsence:
            return MFError(
                .fileMissing, message, context: context,
                hint: verb == "write"
                    ? "`mf.fs.mkdir` makes the folder" : "check the path; a relative one begins at the working folder")
        case _ where problem.isOfPermission, EROFS:
            return MFError(
                .fileRefused, message, context: context, hint: "check `ls -l` and the user that the host runs as")
        case ENOSPC, EDQUOT:
            return MFError(.diskFull, message, context: context, hint: "the file is as it was; check `df`")
        case _ where problem.isOfResources: return .resourceLacking("way to \(verb) `\(path)`", problem.code)
        default:
            let hint: String? =
                problem.code == ENOTEMPTY ? "`recursive = true` removes a folder with all that it holds" : nil
            return MFError(.fileFailed, message, context: context, hint: hint)
        }
    }

    static func fileTooLarge(_ path: String, _ most: Int) -> MFError {
        MFError(
            .fileFailed, "`\(path)` has more than \(most) bytes", context: [("path", path)],
            hint: "raise `maxBytes`, or read it line by line with `io.lines`")
    }
}
