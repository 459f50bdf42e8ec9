extension OriginArguments {
    /// The host that emits the hook.
    public var origin: Host { context.host }
}

extension ResolveShare {
    /// The host that chooses.
    public var host: Host { context.host }
}

extension LoadSnapshot {
    /// The host that loads.
    public var host: Host { context.host }
}

extension LoadRemoteSnapshot {
    /// The host that loads.
    public var host: Host { context.host }
}

extension AfterLoadSnapshot {
    /// The host that loads.
    public var host: Host { context.host }
}

extension ModuleOptions {
    /// The host that has loaded the module.
    public var host: Host { context.host }
}
