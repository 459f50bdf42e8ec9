/// What a ``FileWatcher`` knows about one of its files.
final class WatchedFile {
    /// One name of one watched directory that the file's path goes through.
    struct Edge: Hashable {
        let watch: Int32
        let name: String
    }

    /// Who may be writing the file at this moment.
    enum Writer {
        /// Nobody: what is there is whole.
        case nobody
        /// The name was made: by a writer, who will close it, or by a link to a whole file.
        case created
        /// Events were lost: somebody may be writing or not.
        case unknown
        /// Bytes were written, the file was not closed yet.
        case writing
    }

    let path: String
    /// The path, absolute.
    let location: String
    /// How many times the file was added.
    var users = 1
    var edges: Set<Edge> = []
    /// The edge where the file itself is.
    var residence: Edge?
    var writer = Writer.nobody
    var mustResolve = false
    /// What was reported last; nothing if the file was missing then.
    var known: FileFingerprint?
    /// The file system's word on the file when it was last looked at.
    var status: FileStatus?
    /// When the file was first found missing, while that is not yet reported.
    var missingSince: ContinuousClock.Instant?
    /// What was found in a file of an unknown writer: believed when it is found a second time.
    var candidate: FileFingerprint?

    init(path: String, location: String) {
        self.path = path
        self.location = location
    }
}
