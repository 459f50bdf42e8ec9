import LuaBridge

extension HostFunction {
    static let registerRemotesOptions = OptionTable([
        .init("force", .boolean, "Whether remotes of the same name are replaced.")
    ])
    static let initializeSharingOptions = OptionTable([
        .init("strategy", .shareStrategy, "How a version is chosen."),
        .init("from", .caller, "Who asks."),
        .init("initScope", .list(of: .any), "The hosts being initialized; breaks initialization cycles."),
    ])
    static let initShareScopeMapOptions = OptionTable([
        .init("hostShareScopeMap", .table, "All share scopes of the host that provides this one.")
    ])
}

extension LoadRemoteOptions {
    static let options = OptionTable([
        .init("loadFactory", .boolean, "Whether to call the factory; if false, the factory is the result."),
        .init("from", .caller, "Who asks."),
    ])

    init(_ call: LuaCall) throws {
        let options = try Self.options.read(call, 1)
        given = call[1].isNothing ? .nil : call[1]
        loadFactory = options["loadFactory"].boolValue ?? loadFactory
        from = options["from"].stringValue ?? from
    }
}

extension LoadShareOptions {
    static let options = OptionTable([
        .init("customShareInfo", SharedModule.optionType(), "Overrides the host's own declaration."),
        .init("resolver", .function("fun(entries: mf.Shared[]): mf.Shared"), "Chooses among the host's entries."),
        .init("from", .caller, "Who asks."),
    ])

    init(_ call: LuaCall) throws {
        let options = try Self.options.read(call, 1)
        customShareInfo = options["customShareInfo"]
        resolver = options["resolver"]
        from = options["from"].stringValue ?? from
    }
}
