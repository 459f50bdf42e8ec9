/// Who has registered a name: of several owners the name stays until the last one ends.
///
/// While a plugin is reloaded, both generations register what they need. The new one finds the name taken and joins in;
/// when the old one ends, the name stays; when the new one is given up, the old one has it as before.
package struct NameOwners {
    private var owners: [String: [ObjectIdentifier]] = [:]

    /// Makes a table without names.
    package init() {}

    /// Notes that an owner wants a name.
    package mutating func claim(_ name: String, for owner: Lifetime) {
        let owner = ObjectIdentifier(owner)
        if owners[name, default: []].contains(owner) { return }
        owners[name, default: []].append(owner)
    }

    /// Ends an owner's claim.
    ///
    /// - Returns: Whether nobody claims the name any more, although this owner did.
    package mutating func release(_ name: String, of owner: Lifetime) -> Bool {
        guard var rest = owners[name], let index = rest.firstIndex(of: ObjectIdentifier(owner)) else { return false }
        rest.remove(at: index)
        owners[name] = rest.isEmpty ? nil : rest
        return rest.isEmpty
    }

    /// Whether some owner has the name.
    package func contains(_ name: String) -> Bool { owners[name] != nil }
}
