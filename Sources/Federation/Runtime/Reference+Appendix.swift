public import Diagnostics
import Fetch

extension Reference {
    /// What `mflua explain` lists after a code's explanation: the names that there are.
    ///
    /// - Returns: The hooks for `HOOK-001`, the keys of every option table for `LUA-012`, the options of the shipped plugins for `PLUGIN-001`; nothing for other codes.
    public static func appendix(to code: MFError.Code) -> String? {
        switch code {
        case .unknownHook:
            return "The hooks:\n" + wrapped(Lifecycle.all.map(\.name))
        case .invalidOptions:
            return "The options:\n"
                + optionTableList.map { name, table in "  \(name)\n" + wrapped(table.names, indent: 4) }
                .joined(separator: "\n")
        case .pluginOptions:
            return "The options of the plugins that come with mflua:\n"
                + ShippedPlugin.descriptions.map { plugin, description in
                    "  \(plugin.module)\n" + wrapped(description.schema.names, indent: 4)
                }.joined(separator: "\n")
        default: return nil
        }
    }

    /// Every option table by the name of its class in the stubs.
    static var optionTableList: [(name: String, table: OptionTable)] {
        var tables: [(name: String, table: OptionTable)] = [
            (HostOptions.luaTypeName, HostOptions.options), (Remote.luaTypeName, Remote.options),
            (SharedModule.luaTypeName, SharedModule.options), (ShareRequirement.luaTypeName, ShareRequirement.options),
            (PreloadRequest.luaTypeName, PreloadRequest.options),
        ]
        for plain in plainOptionTables { tables.append((plain.name, plain.table)) }
        return tables
    }

    /// The option tables that have no view, for the stubs, too.
    static var plainOptionTables: [(name: String, table: OptionTable, summary: String)] {
        [
            ("mf.PluginEntry", PluginEntry.keys, "A plugin's file or function, its options and its tenant."),
            ("mf.TenantOptions", TenantOptions.options, "The limits and grants of a tenant."),
            ("mf.LoadRemoteOptions", LoadRemoteOptions.options, "How an expose is loaded."),
            ("mf.LoadShareOptions", LoadShareOptions.options, "How a shared module is chosen."),
            ("mf.RegisterRemotesOptions", HostFunction.registerRemotesOptions, "How remotes are registered."),
            ("mf.InitializeSharingOptions", HostFunction.initializeSharingOptions, "How a share scope is initialized."),
            ("mf.InitShareScopeMapOptions", HostFunction.initShareScopeMapOptions, "The origin of a share scope."),
            ("mf.FetchOptions", FetchRequest.options, "How a URL is asked."),
            ("mf.ExecOptions", Operations.execOptions, "How a program is run."),
            ("mf.ProcessOptions", ProcessView.options, "How a program is started."),
            ("mf.EveryOptions", Operations.everyOptions, "When a function is called again and again."),
            ("mf.AtOptions", Operations.atOptions, "How a cron expression is read."),
            ("mf.ShutdownOptions", Operations.shutdownOptions, "How long a handler may take."),
            ("mf.ReadOptions", FileLibrary.readOptions, "How a file is read."),
            ("mf.WriteOptions", FileLibrary.writeOptions, "How a file is written."),
            ("mf.RemoveOptions", FileLibrary.removeOptions, "What is removed."),
            ("mf.TailOptions", FileLibrary.tailOptions, "Where reading begins."),
            ("mf.ConnectOptions", Operations.connectOptions, "How a connection is made."),
            ("mf.ServeOptions", Operations.serveOptions, "How requests are served."),
            ("mf.ServeTimeouts", Operations.serveTimeouts, "How long clients and handlers are waited for."),
            ("mf.Answer", WebReply.fields, "What a handler may return."),
            ("mf.ResponseFields", MFLibrary.responseFields, "The parts of a response."),
            ("mf.Trip", PluginSettings.trip, "When a plugin that keeps failing is passed over."),
            ("mf.RemovePluginsOptions", HostFunction.removePluginsOptions, "How plugins are detached."),
            (
                "mf.DisablePluginsOptions", HostFunction.disablePluginsOptions,
                "How long plugins are not called, and why."
            ),
            ("mf.HookTable", PluginHookTable.options, "A listener with a filter and a place of its own."),
            ("mf.StoreSetOptions", StoreView.setOptions, "How a value is kept."),
            ("mf.StoreDeleteOptions", StoreView.deleteOptions, "How a value is removed."),
            ("mf.StoreDeclaration", StoreDeclaration.options, "What a plugin says of its store."),
            ("mf.EncodeOptions", JSONLibrary.encodeOptions, "How JSON is written."),
            ("mf.ScriptRequest", ScriptRequest.options, "What a listener of `createScript` may return."),
        ]
    }

    private static func wrapped(_ names: [String], indent: Int = 2) -> String {
        let margin = String(repeating: " ", count: indent)
        var lines = [margin]
        for (index, name) in names.enumerated() {
            let word = name + (index == names.count - 1 ? "" : ",")
            let line = lines[lines.count - 1]
            let isFirst = line == margin
            if !isFirst, line.count + word.count >= 100 {
                lines.append(margin + word)
            } else {
                lines[lines.count - 1] = line + (isFirst ? "" : " ") + word
            }
        }
        return lines.joined(separator: "\n")
    }
}
