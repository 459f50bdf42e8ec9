/// The text of a remote's `remoteEntry.lua`.
enum RemoteEntry {
    /// Writes the entry of a remote: the container, and an instance of its own where it shares modules or uses remotes.
    static func text(of config: ProjectConfig, _ sources: RemoteSources) -> String {
        let exposes = config.exposes.map { expose in
            "  [\(expose.key.luaLiteral)] = function() return require(\((sources.exposes[expose.key]?.module ?? "").luaLiteral)) end,"
        }
        let container = """
            -- Written by `mflua build`.
            local exposes = {
            \(exposes.joined(separator: "\n"))
            }
            local function get(expose) return exposes[expose] end
            """
        guard !config.shared.isEmpty || !config.remotes.isEmpty else {
            return container + "\n\nreturn { init = function() end, get = get }\n"
        }
        let own =
            (config.shared.isEmpty ? [] : ["loadShare", "loadShareSync"])
            + (config.remotes.isEmpty ? [] : ["loadRemote", "preloadRemote", "live"])
        return container + """


            local mf = require("mf")
            -- A sandbox, which has no `package`, makes no instances: there the host answers.
            if not package then return { init = function() end, get = get } end

            -- What others have to provide.
            local consumed = \(table(config.shared.filter { $0.file == nil }.map(consumed), indent: ""))
            local instance

            local function init(shareScope, initScope, options)
              instance = mf.createInstance {
                name = \(config.name.luaLiteral), version = \(config.version.luaLiteral),
                remotes = \(table(config.remotes.map(remote), indent: "    ")),
                shared = \(table(config.shared.compactMap { shared($0, sources) }, indent: "    ")),
              }
              instance:initShareScopeMap("default", shareScope, { hostShareScopeMap = options and options.shareScopeMap })
              instance:initializeSharing("default", { initScope = initScope, from = "build" })
            end

            -- The remote's code speaks to its own instance.
            for _, name in ipairs { \(own.map(\.luaLiteral).joined(separator: ", ")) } do
              mf[name] = function(id, options)
                if consumed[id] and not options then options = { customShareInfo = { shareConfig = consumed[id] } } end
                return instance[name](instance, id, options)
              end
            end

            return { init = init, get = get }

            """
    }

    /// A table with a line for each entry.
    private static func table(_ entries: [String], indent: String) -> String {
        entries.isEmpty ? "{}" : "{\n\(entries.joined(separator: "\n"))\n\(indent)}"
    }

    private static func remote(_ remote: ProjectConfig.Remote) -> String {
        let alias = remote.alias == remote.name ? "" : ", alias = \(remote.alias.luaLiteral)"
        return "      { name = \(remote.name.luaLiteral)\(alias), entry = \(remote.entry.luaLiteral) },"
    }

    private static func consumed(_ shared: ProjectConfig.Shared) -> String {
        "  [\(shared.name.luaLiteral)] = \(shared.requirement),"
    }

    private static func shared(_ shared: ProjectConfig.Shared, _ sources: RemoteSources) -> String? {
        guard let root = sources.shared[shared.name], let version = shared.version else { return nil }
        let load = "function() return require(\(root.module.luaLiteral)) end"
        let factory = shared.isEager ? "lib = \(load), eager = true" : "get = function() return \(load) end"
        return """
                  [\(shared.name.luaLiteral)] = {
                    version = \(version.luaLiteral), \(factory),
                    shareConfig = \(shared.requirement),
                  },
            """
    }
}

extension ProjectConfig.Shared {
    /// What is asked of the module, as a Lua table.
    fileprivate var requirement: String {
        "{ singleton = \(isSingleton), requiredVersion = \(requiredVersion.luaLiteral), strictVersion = \(isStrict) }"
    }
}

extension String {
    /// The text as Lua source.
    var luaLiteral: String {
        "\"" + unicodeScalars.map(\.luaEscaped).joined() + "\""
    }
}

extension Unicode.Scalar {
    fileprivate var luaEscaped: String {
        switch self {
        case "\"": "\\\""
        case "\\": "\\\\"
        case _ where value < 32 || value == 127: "\\x" + (value < 16 ? "0" : "") + String(value, radix: 16)
        default: String(Character(self))
        }
    }
}
