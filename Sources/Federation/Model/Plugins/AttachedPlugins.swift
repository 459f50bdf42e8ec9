/// The plugins that a host has attached, in the order in which they came.
///
/// Whether a name is among them is known without a search: a host that takes up its thousandth plugin asks as much as one
/// that takes up its first.
struct AttachedPlugins: RandomAccessCollection, Sendable {
    private var plugins: [RegisteredPlugin] = []
    private var names: Set<String> = []

    var startIndex: Int { plugins.startIndex }
    var endIndex: Int { plugins.endIndex }

    /// A plugin; what is put in its place has the same name.
    subscript(index: Int) -> RegisteredPlugin {
        get { plugins[index] }
        set { plugins[index] = newValue }
    }

    func contains(named name: String) -> Bool { names.contains(name) }

    func named(_ name: String) -> RegisteredPlugin? {
        names.contains(name) ? plugins.first { $0.name == name } : nil
    }

    /// - Precondition: None of this name is among them.
    mutating func append(_ plugin: RegisteredPlugin) {
        plugins.append(plugin)
        names.insert(plugin.name)
    }

    mutating func remove(_ id: PluginID) {
        // Hosts that end let go of the newest first.
        guard let index = plugins.lastIndex(where: { $0.id == id }) else { return }
        names.remove(plugins.remove(at: index).name)
    }
}
