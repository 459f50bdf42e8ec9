import LuaBridge

/// What a list of plugins says of one of them before anything of it is read.
struct ListedPlugin {
    let value: LuaValue
    /// Its file as it is written.
    private(set) var path: String?
    private(set) var tenant: String?
    /// Its name, where the list has it.
    private(set) var name: String?
    private(set) var settings = PluginSettings()

    /// - Throws: ``MFError`` with `LUA-012` for a bad entry.
    init(_ value: LuaValue) throws {
        self.value = value
        switch value {
        case .string(let path): self.path = path
        case .object(let object):
            if let plugin = (object as? HostPluginView)?.plugin { read(plugin) }
            name = (object as? SwiftPluginView)?.plugin.name ?? (object as? TenantPlugin)?.qualifiedName ?? name
        case .table(let table) where try PluginEntry.isList(table) && !PluginDeclaration.isOne(table):
            let entry = try PluginEntry(table)
            (tenant, settings) = (entry.tenant, entry.settings)
            switch entry.body {
            case .file(let path): self.path = path
            case .function: break
            case .declaration(let declaration): name = try declaration.rawGet("name").stringValue
            }
        case .table(let table): name = try table.rawGet("name").stringValue
        default: break
        }
    }

    private mutating func read(_ plugin: HostPlugin) {
        (tenant, settings) = (plugin.tenant, plugin.settings)
        switch plugin.kind {
        case .swift(let swift): name = swift.name
        case .file(let path), .source(_, let path): self.path = path
        }
    }

    /// The name that its file suggests: `slack-plugin` for `plugins/slack-plugin.lua`.
    private var fileName: String? {
        guard let last = path?.split(separator: "/").last else { return nil }
        let name = last.hasSuffix(".lua") ? String(last.dropLast(4)) : String(last)
        return tenant.map { "\($0)/\(name)" } ?? name
    }

    /// What it is called until it is read.
    var provisionalName: String? { name ?? fileName }

    /// What it can be left out by before it is read.
    var names: [String] { [name, fileName, path].compactMap { $0 } }

    /// What tells it from others of the list.
    var key: String? { tenant == nil ? path ?? name : fileName ?? name }
}
