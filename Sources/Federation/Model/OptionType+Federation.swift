import Diagnostics
import LuaBridge
import Semver

// What the options of federation are made of.

extension OptionType {
    /// The name of a tenant; of a declared one, where it is known which are.
    static let tenant = OptionType("string", "the name of a tenant") { value, checker in
        guard let name = value.stringValue, !name.isEmpty else {
            return checker.expected("the name of a tenant", found: value)
        }
        guard let tenants = checker.tenants, !tenants.contains(name) else { return }
        checker.note(
            MFError.undeclaredTenant(name, known: tenants.sorted()).message, separator: ": ",
            hint: "list it in the host's `tenants`")
    }

    /// The tenants that `mf.init` declares, by name.
    static let tenants = OptionType(declaredTenants.luaType, declaredTenants.expected) { value, checker in
        for name in try (value.luaEntries() ?? []).compactMap(\.key.stringValue).sorted() where !Tenant.isName(name) {
            try checker.inside(.name(name)) {
                $0.note(MFError.badTenantName(name).message, separator: ": ", hint: MFError.badTenantName(name).hint)
            }
        }
        try declaredTenants.check(value, &checker)
    }
    private static let declaredTenants = map(
        of: .options("mf.TenantOptions", TenantOptions.options), "a table of tenants")

    /// Where a manifest or an entry is.
    static let url = OptionType("string", "a URL") { $0.stringValue?.isEmpty == false }

    /// The version of a shared module.
    package static let shareVersion = OptionType("string", versionText) { value, checker in
        if value.stringValue.flatMap(Version.init(completing:)) != nil { return }
        checker.expected(versionText, found: value, hint: "write `major.minor.patch`")
    }
    private static let versionText = "a version such as \"1.4.0\""

    /// What a consumer accepts of a shared module.
    package static let versionRange = OptionType("string", rangeText) { value, checker in
        if value.stringValue.flatMap(VersionRange.init) != nil { return }
        checker.expected(rangeText, found: value, hint: "write a range as npm does, or \"*\" for any version")
    }
    private static let rangeText = "a range of versions such as \"^1.2.0\""

    /// How a version of a shared module is chosen.
    static let shareStrategy = word(ShareStrategy.versionFirst, ShareStrategy.loadedFirst)

    /// The list of remotes that `mf.init` and `registerRemotes` take.
    static let remotes = list(of: Remote.optionType(), "a list of remotes")

    /// Package → a shared module, or a list of them.
    static let sharedModules = map(
        of: OptionType("mf.Shared|mf.Shared[]", "a table") { value, checker in
            if let elements = try value.luaElements(), !elements.isEmpty {
                try list(of: SharedModule.optionType()).check(value, &checker)
            } else {
                try SharedModule.optionType().check(value, &checker)
            }
        }, "a table of shared modules")

    /// Requests for the remotes of a remote, or whether there are any.
    static let dependencies = OptionType(
        "boolean|mf.PreloadRemoteArgs[]", "a boolean or a list of requests"
    ) { value, checker in
        if value.boolValue == nil { try preloadRequests.check(value, &checker) }
    }

    /// What `preloadRemote` takes.
    static let preloadRequests = list(of: preloadRequest, "a list of requests")

    /// A request to preload; hooks see requests without a name, too.
    private static let preloadRequest = OptionType(PreloadRequest.luaTypeName, "a table") { value, checker in
        try PreloadRequest.optionType().check(value, &checker)
        guard value.isTable, try value.field("nameOrAlias").isNothing else { return }
        try checker.inside(.option("nameOrAlias")) { $0.note("is missing") }
    }

    /// Who calls: generated code, or somebody at run time.
    static let caller = word("build", "runtime")
}
