import Diagnostics
import Glibc
import Posix

extension MFError {
    /// The system refuses to watch a directory.
    static func cannotWatch(path: String?, errno code: Int32) -> MFError {
        let hint =
            switch code {
            case ENOSPC: "raise fs.inotify.max_user_watches"
            case EMFILE: "raise fs.inotify.max_user_instances, or close programs that hold inotify descriptors"
            default: nil as String?
            }
        return MFError(
            .watchFailed, "files cannot be watched: \(Errno(code))", context: [("path", path)], hint: hint)
    }
}
