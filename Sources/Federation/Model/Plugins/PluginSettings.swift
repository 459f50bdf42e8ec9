import LuaBridge

/// What the owner says of a plugin where it is listed, besides its options and its tenant.
struct PluginSettings: Sendable, Equatable {
    var policy = PluginPolicy()
    /// For which calls its listeners are called, besides their own filters.
    var only = HookFilter.Patterns()
    /// Its place, where the owner says something of that.
    var placement = PluginPlacement()

    /// Whether the list fails where it does not load; nil: as if it were, and `mflua --safe` leaves it out.
    var isRequired: Bool?
    /// Whether it is attached: nothing, false, or a function that is given the host.
    var enabled = LuaValue.nil

    init() {}

    /// Reads the keys of an entry.
    init(_ entry: OptionValues) throws {
        policy.fail = entry["fail"].stringValue.flatMap(PluginPolicy.Failure.init)
        policy.timeout = entry["timeout"].duration
        policy.cpu = entry["cpu"].duration
        only = try HookFilter.Patterns(entry["only"])
        isRequired = entry["required"].boolValue
        enabled = entry["enabled"]
        placement = PluginPlacement { entry[$0] }
        if entry["trip"].boolValue == false { policy.neverTrips = true }
        guard entry["trip"].isTable else { return }
        let trip = try Self.trip.read(entry["trip"], of: "trip")
        var rule = PluginPolicy.Trip()
        rule.errors = trip["errors"].intValue ?? rule.errors
        rule.window = trip["window"].duration ?? rule.window
        rule.open = trip["open"].duration ?? rule.open
        policy.trip = rule
    }

    /// The keys that an entry has for it.
    static let keys: [OptionTable.Key] =
        [
            .init(
                "fail", .word(PluginPolicy.Failure.allCases.map(\.rawValue)),
                "What a failure of a listener does: `closed` fails the step, `open` goes on as if it had returned nothing, `observe` makes the plugin one that only watches."
            ),
            .init("timeout", .duration, "After how long a listener that waits is given up."),
            .init("cpu", .duration, "How much processor time a call of a listener may take."),
            .init(
                "trip", .trip,
                "When the plugin is passed over: after `errors` failures in a row within `window`, for `open`; `false`: never."
            ),
            .init("only", .hookFilter, "For which calls its listeners are called, as a plugin's `filter`."),
            .init(
                "enabled", .enabled,
                "Whether the plugin is attached; `false` or a function of the host that returns it: nothing of it runs until it is enabled."
            ),
            .init(
                "required", .boolean,
                "`false`: the host starts without the plugin where it does not load; `true`: `mflua --safe` attaches it."
            ),
            .init(
                "order", .word(PluginPlacement.Order.allCases.map(\.rawValue)),
                "Its place: before or after the plugins that say nothing. This and the next keys win over the plugin's own."
            ),
        ] + PluginPlacement.keys.map { .init($0.name, $0.type, $0.summary) }

    static let trip = OptionTable([
        .init("errors", .integer(from: 1), "How many failures in a row."),
        .init("window", .duration, "The time within which they have to happen."),
        .init("open", .duration, "How long it is passed over before one call tries it again."),
    ])
}

extension OptionType {
    /// A boolean, or a function that decides.
    fileprivate static let enabled = OptionType("boolean|fun(host: mf.Host): boolean", "a boolean or a function") {
        value, checker in
        if value.boolValue != nil || value.isCallable { return }
        checker.expected("a boolean or a function", found: value)
    }

    /// `false`, or the rule.
    fileprivate static let trip = OptionType("mf.Trip|false", "`false` or a table") { value, checker in
        if value.boolValue == false { return }
        guard value.isTable else { return checker.expected("`false` or a table", found: value) }
        try PluginSettings.trip.check(value, &checker)
    }
}
