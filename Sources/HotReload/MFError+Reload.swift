import Diagnostics
import Glibc

extension MFError {
    /// The system refuses to watch a directory.
    static func cannotWatch(path: String?, errno code: Int32) -> MFError {
        let hint =
            switch code {
            case ENOSPC: "raise fs.inotify.max_user_watches"
            case EMFILE: "raise fs.inotify.max_user_instances, or close what holds inotify descriptors"
            default: nil as String?
            }
        let reason = String(cString: strerror(code))
        return MFError(
            .watchFailed, "files cannot be watched: \(reason)", context: [("path", path)], hint: hint)
    }
}
