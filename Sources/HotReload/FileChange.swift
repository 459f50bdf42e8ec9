/// What a ``FileWatcher`` saw happen to one of its files.
public struct FileChange: Sendable, Hashable {
    /// The three things worth telling about a file.
    public enum Kind: Sendable, Hashable {
        /// The file's content is another than it was.
        case changed
        /// The file is gone, or cannot be read any more.
        case deleted
        /// A file that was missing is there, whole.
        case appeared
    }

    /// The path as it was given to ``FileWatcher/add(_:)``.
    public let path: String

    /// What happened.
    public let kind: Kind

    /// Describes a change.
    ///
    /// - Parameters:
    ///   - path: The path as it is watched.
    ///   - kind: What happened to it.
    public init(path: String, kind: Kind) {
        self.path = path
        self.kind = kind
    }
}
