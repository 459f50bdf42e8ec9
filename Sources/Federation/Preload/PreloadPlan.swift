import LuaBridge

/// What a preload fetches: `{cssAssets, jsAssetsWithoutEntry, entryAssets}`.
struct PreloadPlan: Sendable {
    struct Entry: Sendable {
        var name: String
        var url: String
        var remoteInfo: ResolvedRemote
    }

    var cssAssets: [String] = []
    var jsAssetsWithoutEntry: [String] = []
    var entryAssets: [Entry] = []
    /// What `depsRemote` names in vain, with what is meant.
    var unknownDependencies: [String] = []
    /// The tenant whose plugin has made the plan: all of it is fetched as that tenant.
    var givenBy: String?

    var luaValue: LuaValue {
        .record([
            "cssAssets": .array(cssAssets.map { .string($0) }),
            "jsAssetsWithoutEntry": .array(jsAssetsWithoutEntry.map { .string($0) }),
            "entryAssets": .array(
                entryAssets.map {
                    .record(["name": .string($0.name), "url": .string($0.url), "moduleInfo": .object($0.remoteInfo)])
                }),
        ])
    }

    /// A plan as a listener of `generatePreloadAssets` returned it; missing lists are empty.
    static func fromLua(_ value: LuaValue, givenBy tenant: String? = nil) throws -> PreloadPlan {
        var plan = PreloadPlan()
        plan.givenBy = tenant
        for (key, value) in try value.entries(expecting: "a preload plan") {
            switch key {
            case .string("cssAssets"): plan.cssAssets = try value.strings(expecting: "a list of URLs")
            case .string("jsAssetsWithoutEntry"):
                plan.jsAssetsWithoutEntry = try value.strings(expecting: "a list of URLs")
            case .string("entryAssets"):
                plan.entryAssets = try value.entries(expecting: "a list of entries").map {
                    var entry = try entry(from: $0.1)
                    entry.remoteInfo = entry.remoteInfo.given(by: tenant)
                    return entry
                }
            default: break
            }
        }
        return plan
    }

    private static func entry(from value: LuaValue) throws -> Entry {
        var entry = Entry(name: "", url: "", remoteInfo: Remote(name: ""))
        var info: Remote?
        for (key, value) in try value.entries(expecting: "an entry of a preload plan") {
            switch key {
            case .string("name"): entry.name = try String.fromLua(value)
            case .string("url"): entry.url = try String.fromLua(value)
            case .string("moduleInfo"): info = try Remote.fromLua(value)
            default: break
            }
        }
        entry.remoteInfo = info ?? Remote(name: entry.name, entry: entry.url).resolved()
        return entry
    }
}
