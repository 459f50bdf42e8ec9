/// What hosts and tenants alike are told of the library.
package enum LibraryInfo {
    /// The version of mflua.
    package static let version = "0.1.0"
}
