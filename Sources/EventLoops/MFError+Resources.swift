public import Diagnostics
internal import Glibc
internal import Posix

extension MFError {
    /// The system does not give what is needed.
    ///
    /// - Parameter what: What there is none of: `descriptor for an event loop`.
    public static func resourceLacking(_ what: String, _ problem: Int32) -> MFError {
        let hint: String? =
            switch problem {
            case EMFILE, ENFILE: "raise the limit on open files (`ulimit -n`)"
            case EAGAIN: "raise the limit on processes and threads (`ulimit -u`)"
            case ENOMEM: "raise the limit on memory (`ulimit -v`)"
            default: nil
            }
        return MFError(
            .resourceLacking, "there is no \(what): \(Errno(problem).description.lowercased())",
            context: [("errno", "\(problem)")], hint: hint)
    }
}
