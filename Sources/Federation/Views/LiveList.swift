import Diagnostics
import EventLoops
public import LuaBridge

/// A list that Swift owns and Lua sees live.
///
/// In Lua it is used as a table: `list[1]`, `#list`, `list[#list + 1] = x`, `ipairs(list)`, `table.insert`, `table.remove`.
/// What one side writes, the other reads.
///
/// A list that a host has seen belongs to the host's runtime: used off its loop it stops the program, see
/// ``LoopOwner``.
///
/// ```swift
/// let remotes = LiveList([disk, logs])
/// remotes.elements.append(checks)
/// ```
public final class LiveList<Element: Sendable>: @unchecked Sendable {
    // `owner` checks the thread wherever the list is read or written.
    private let owner = LoopOwner()

    /// What the list holds.
    public var elements: [Element] {
        get {
            owner.check("LiveList")
            return stored
        }
        _modify {
            owner.check("LiveList")
            revision &+= 1
            yield &stored
        }
    }

    @exclusivity(unchecked)
    private var stored: [Element]

    /// Counts the changes, so that what was derived from the list can tell when it is out of date.
    package private(set) var revision = 0

    /// Refuses elements that Lua writes; set by who owns the list.
    var accepts: (@Sendable (Element) throws -> Void)?

    /// Makes a list.
    public init(_ elements: [Element] = []) {
        stored = elements
    }

    /// The number of elements.
    public var count: Int { elements.count }

    /// Whether there are no elements.
    public var isEmpty: Bool { elements.isEmpty }

    /// The element at a Swift index, counted from 0.
    public subscript(index: Int) -> Element {
        get { elements[index] }
        set { elements[index] = newValue }
    }

    /// Adds an element at the end.
    public func append(_ element: Element) {
        elements.append(element)
    }
}

// The conformance asks for the elements', the type does not: see ``Hook``.
extension LiveList: LuaObject, LuaSequenceObject, LuaConvertible where Element: LuaConvertible {
    public static var luaTypeName: String { "mf.List" }

    public static var luaType: String { "\(Element.luaType)[]" }

    public func luaGet(_ key: LuaKey) throws -> LuaValue {
        guard case .integer(let position) = key, position >= 1, position <= Int64(elements.count) else { return .nil }
        return elements[Int(position) - 1].luaValue
    }

    /// Replaces an element, appends one, or, with nil, removes the last one.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if the index is out of range or the value is of another type.
    public func luaSet(_ key: LuaKey, _ value: LuaValue) throws {
        let count = Int64(elements.count)
        guard case .integer(let position) = key, position >= 1, position <= count + 1 else {
            throw MFError.notAListIndex(key, count: elements.count)
        }
        if case .nil = value {
            if position == count { elements.removeLast() }
            guard position >= count else { throw MFError.listHole(Int(position), count: elements.count) }
            return
        }
        let element: Element
        do {
            element = try Element.fromLua(value)
            try accepts?(element)
        } catch let error as MFError {
            throw error.inside(index: Int(position))
        }
        if position <= count {
            elements[Int(position) - 1] = element
        } else {
            elements.append(element)
        }
    }

    public var luaKeys: [LuaKey] {
        elements.indices.map { .integer(Int64($0 + 1)) }
    }

    public var luaCount: Int { elements.count }

    /// The very list behind a view, or a new one with the elements of a table.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if it is of another type.
    public static func fromLua(_ value: LuaValue) throws -> LiveList {
        if case .object(let object) = value, let list = object as? LiveList { return list }
        return LiveList(try [Element].fromLua(value))
    }
}
