import Diagnostics
import Glibc

/// Where people read: standard error, its colours, and the end of the process.
enum Terminal {
    /// Whether standard input is a person typing.
    static var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    /// Colour on standard error: on a terminal that has it, unless `NO_COLOR` is set.
    static var hasColor: Bool {
        isatty(STDERR_FILENO) == 1 && (Environment["NO_COLOR"] ?? "").isEmpty && Environment["TERM"] != "dumb"
    }

    /// Prints an error block to standard error, after what standard output still holds.
    static func report(_ error: any Error) {
        let block =
            (error as? MFError)?.withNextStep.rendered(color: hasColor)
            ?? (error is CancellationError ? "error: cancelled" : "error: \(error)")
        fflush(nil)
        write(block.hasSuffix("\n") ? block : block + "\n", to: STDERR_FILENO)
    }

    /// Ends the process; what was printed is flushed.
    static func leave(_ code: Int32) -> Never {
        fflush(nil)
        exit(code)
    }

    /// Writes a whole text to a descriptor, past the buffers.
    static func write(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress!, rest.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
            }
        }
    }
}

/// The process's environment variables.
enum Environment {
    static subscript(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

extension MFError {
    /// The error with a hint in any case, unless a script raised it: then its own words have to do.
    fileprivate var withNextStep: MFError {
        guard chain.allSatisfy({ $0.hint == nil }), code != .luaRuntime,
            Code.all.contains(where: { $0.code == code })
        else { return self }
        return replacing(hint: "`mflua explain \(code)` says more")
    }
}
