/// What Module Federation's own runtime took on Node, measured once on a machine of two cores: the minima of two runs of
/// five, in nanoseconds and bytes.
enum Recorded {
    static let loadFromManifest = 16.7e3
    static let loadFromEntry = 8.4e3
    static let loadFromManifestTenPlugins = 23.4e3
    static let loadFromEntryTenPlugins = 13.5e3
    static let loadShare = 17.5e3
    static let loadShareSync = 17.4e3
    static let wholeProcess = 210e6
    static let wholeProcessBytes = 83.0 * 1_048_576
    static let lookUpAmong100 = 14e3
    static let lookUpAmong1000 = 77e3
    static let lookUpAmong10000 = 759e3
    static let registering10000 = 259e6
}
