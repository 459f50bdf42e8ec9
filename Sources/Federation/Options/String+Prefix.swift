extension String {
    /// What follows a prefix, or nothing if it does not begin so.
    func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
