/// What hosts and tenants alike are told of the library.
enum LibraryInfo {
    /// The version of mflua.
    static let version = "0.1.0"
}
