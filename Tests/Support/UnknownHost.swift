/// A host that nobody knows.
public enum UnknownHost {
    /// A part of a name has 63 characters at most: no name server is asked, whose answer might take its time.
    public static let name = String(repeating: "no-such-host-", count: 5) + ".invalid"
}
