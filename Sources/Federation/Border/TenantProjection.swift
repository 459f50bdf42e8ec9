import Diagnostics
import LuaBridge

/// An object of the host as one tenant sees it: data, and of most types only a part.
///
/// What is read of it holds no function, nothing of other tenants, and no URL with credentials or query. It stands for the
/// object when the tenant gives it back.
final class TenantProjection: ShownObject, @unchecked Sendable {
    // `known` is a cache that the tenant's instance fills when its code reads the view, on the host's loop.
    private let border: TenantBorder
    /// Whether it is an element of the host's own list of remotes, of which others are only named.
    private let isListed: Bool
    /// The visible elements, and at which revision of the list they were found.
    private var known: (revision: Int, elements: [any LuaObject])?

    init(_ object: any LuaObject, _ border: TenantBorder, isListed: Bool = false) {
        (self.border, self.isListed) = (border, isListed)
        super.init(object, isOfHook: border.isOfHook)
    }

    override class var luaTypeName: String { "mf.TenantProjection" }

    override var luaKeys: [LuaKey] {
        if let elements = visibleElements() { return elements.indices.map { .integer(Int64($0 + 1)) } }
        return object.luaKeys.filter(isVisible)
    }

    override func luaGet(_ key: LuaKey) throws -> LuaValue {
        if let elements = visibleElements() {
            guard case .integer(let position) = key, let index = Int(exactly: position) else { return .nil }
            guard index >= 1, index <= elements.count else { return .nil }
            return .object(TenantProjection(elements[index - 1], border, isListed: true))
        }
        guard isVisible(key) else { return .nil }
        if object is SharedModule, key == .string("useIn") || key == .string("from") {
            return told(try object.luaGet(key))
        }
        let value = try object.luaGet(key)
        // Paths of files may be followed by a query, too.
        if case .string(let text) = value { return .string(publicAddress(text, isPath: true)) }
        return border.data(value, isOwn: isOwn)
    }

    /// The elements of a list about remotes that the tenant hears of; nil where the object is no such list.
    private func visibleElements() -> [any LuaObject]? {
        if let remotes = object as? LiveList<Remote> {
            return visible(of: remotes) { border.owns(.remote($0)) || border.hears($0) }
        }
        if let requests = object as? LiveList<PreloadRequest> {
            return visible(of: requests) { border.hears(.remotes([$0.nameOrAlias ?? ""])) }
        }
        return nil
    }

    /// The elements that pass a test, found once for each change of the list: who goes through a list reads it element by
    /// element.
    private func visible<Element: LuaObject>(of list: LiveList<Element>, where isVisible: (Element) -> Bool)
        -> [any LuaObject]
    {
        if let known, known.revision == list.revision { return known.elements }
        let elements = list.elements.filter(isVisible)
        known = (list.revision, elements)
        return elements
    }

    /// Who provides or uses a shared module, where the tenant may be told.
    private func told(_ value: LuaValue) -> LuaValue {
        switch value {
        case .string(let name): return border.mayTell(name) ? value : .nil
        case .object(let object):
            guard let users = object as? LiveList<String> else { return .nil }
            return .array(users.elements.filter(border.mayTell).map { .string($0) })
        default: return .nil
        }
    }

    private var isOwn: Bool { (object as? Remote).map { border.owns(.remote($0)) } ?? false }

    private func isVisible(_ key: LuaKey) -> Bool {
        if object is ShareScope || object is SharedModules {
            return key.mapKey.map { border.hears(share: $0) } ?? false
        }
        if object is Remote, isListed, !isOwn { return key == .string("name") }
        return TenantFields.shows(key, of: object, isOwn: isOwn)
    }
}

extension TenantBorder {
    /// An argument as the tenant sees it.
    func show<Root>(_ field: HookField<Root>, of arguments: Root, _ subject: HookSubject) -> LuaValue {
        switch field.sees {
        case .hidden: .nil
        case .data, .origin: data(field.get(arguments), isOwn: owns(subject))
        case .own: owns(subject) ? data(field.get(arguments), isOwn: true) : .nil
        case .error: raised(field.get(arguments), isOwn: owns(subject))
        case .granted: mayChange(subject) ? field.getGranted?(arguments, tenant) ?? .nil : .nil
        }
    }

    /// A value of the host without functions, references, and parts of URLs that may be secret.
    ///
    /// - Parameter isOwn: Whether it is of the tenant's own: only then the text of an error is shown.
    func data(_ value: LuaValue, isOwn: Bool, depth: Int = 0) -> LuaValue {
        guard depth < Self.deepest else { return .nil }
        switch value {
        case .nil, .boolean, .integer, .number, .null: return value
        case .string(let text): return .string(publicAddress(text))
        case .bytes(let bytes): return .bytes(publicAddress(bytes))
        case .array(let elements):
            return .array(elements.filter(isHeard).map { data($0, isOwn: isOwn, depth: depth + 1) })
        case .record(let record):
            return .record(
                LuaRecord(
                    record.entries.compactMap { entry in
                        let value =
                            entry.key == "error"
                            ? raised(entry.value, isOwn: isOwn) : data(entry.value, isOwn: isOwn, depth: depth + 1)
                        return value.isNil ? nil : .init(key: data(entry.key, isOwn: isOwn, depth: depth), value: value)
                    }))
        case .table(let table):
            guard let copy = try? table.copied(depth: Self.deepest) else { return .nil }
            return data(copy, isOwn: isOwn, depth: depth)
        case .object(let object): return data(object, isOwn: isOwn)
        case .function, .callable, .userdata: return .nil
        }
    }

    private static let deepest = 32

    /// Whether an element of a list is about a remote that the tenant hears of, or about none.
    private func isHeard(_ element: LuaValue) -> Bool {
        guard case .record(let record) = element, case .object(let object) = record["remote"],
            let remote = object as? Remote
        else { return true }
        return owns(.remote(remote)) || hears(remote)
    }

    private func data(_ object: any LuaObject, isOwn: Bool) -> LuaValue {
        if let error = (object as? LuaErrorObject)?.error { return self.error(error, isOwn: isOwn) }
        if let projection = object as? TenantProjection { return .object(projection) }
        if let remote = object as? Remote, !owns(.remote(remote)), !hears(remote) { return .nil }
        return .object(TenantProjection(object, self))
    }

    /// What went wrong; of the loads of others only the code and what it means.
    private func error(_ error: MFError, isOwn: Bool) -> LuaValue {
        if isOwn {
            let hint = error.hint.map { publicAddress($0) }
            return .object(LuaErrorObject(MFError(error.code, publicAddress(error.message), hint: hint)))
        }
        let entry = error.code.entry
        return .object(LuaErrorObject(MFError(entry?.code ?? .luaRuntime, entry?.title ?? "the load failed")))
    }

    /// An error argument, which may be any value that a script has raised.
    private func raised(_ value: LuaValue, isOwn: Bool) -> LuaValue {
        if value.isNil || value.objectValue is LuaErrorObject || isOwn { return data(value, isOwn: isOwn) }
        return error(MFError(.luaRuntime, ""), isOwn: false)
    }
}
