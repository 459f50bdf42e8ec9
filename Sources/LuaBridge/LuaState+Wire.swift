internal import CLuaShim
internal import Diagnostics

/// Writes values into the input buffer of the current nesting level.
struct LuaWireWriter {
    private let handle: OpaquePointer
    private let state: LuaState
    private let buffer: UnsafeMutablePointer<mf_buffer>
    private var problem: Problem?
    /// Whether C is given the address of a Swift object or a slot, which have to live until C has read them.
    private(set) var hasObjects = false

    /// No strings here: a writer is to cost nothing to make and to let go of.
    private enum Problem { case memory, foreignTable, foreignFunction, foreignUserdata, tooLong }

    /// Starts with an empty buffer.
    init(_ state: LuaState, _ handle: OpaquePointer) throws {
        guard let buffer = mf_input(handle) else { throw MFError.callsTooDeep() }
        self.handle = handle
        self.state = state
        self.buffer = buffer
    }

    /// Whether the state has gone over a limit by now.
    var isOverLimit: Bool { mf_over_limit(handle) }

    /// Throws what went wrong while writing.
    func finish() throws {
        guard let problem else { return }
        switch problem {
        case .memory: throw MFError.outOfMemory()
        case .foreignTable: throw MFError.foreignValue("table")
        case .foreignFunction: throw MFError.foreignValue("function")
        case .foreignUserdata: throw MFError.foreignValue("userdata")
        case .tooLong: throw MFError(.luaConversion, "the string is longer than 4 GiB")
        }
    }

    /// Writes one value.
    mutating func write(_ value: LuaValue) {
        switch value {
        case .nil: tag(MF_TAG_NIL)
        case .boolean(let flag): tag(flag ? MF_TAG_TRUE : MF_TAG_FALSE)
        case .integer(let integer): tag(MF_TAG_INTEGER, integer)
        case .number(let number): tag(MF_TAG_NUMBER, number)
        case .string(let string): write(string)
        case .bytes(let bytes): bytes.withUnsafeBytes { write(bytes: $0) }
        case .null: tag(MF_TAG_NULL)
        case .table(let table): reference(MF_TAG_TABLE, table.slot, table.state, .foreignTable)
        case .function(let function): reference(MF_TAG_FUNCTION, function.slot, function.state, .foreignFunction)
        case .userdata(let reference):
            self.reference(MF_TAG_USERDATA, reference.slot, reference.state, .foreignUserdata)
        case .object(let object):
            // The two words of the existential: the object and its witness table. Whoever calls holds the object until
            // C has read them, and C retains it for its view. The `as` keeps the existential from being opened.
            hasObjects = true
            withUnsafeBytes(of: object as any LuaObject) { words in
                tag(MF_TAG_OBJECT, words.loadUnaligned(as: (UInt, UInt).self))
            }
        case .callable(let callable):
            hasObjects = true
            tag(MF_TAG_CALLABLE, UInt(bitPattern: Unmanaged.passUnretained(callable.box).toOpaque()))
            byte(callable.box.isAsync ? 1 : 0)
        case .array(let elements):
            tag(MF_TAG_ARRAY, UInt32(elements.count))
            for element in elements { write(element) }
        case .record(let record):
            tag(MF_TAG_RECORD, UInt32(record.count))
            for entry in record.entries {
                write(entry.key)
                write(entry.value)
            }
        }
    }

    /// Writes a string.
    mutating func write(_ string: String) {
        var string = string
        string.withUTF8 { write(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Writes a value or, for a record's worth of methods, a callable.
    mutating func write(_ callable: LuaCallable) { write(.callable(callable)) }

    /// Writes a string's bytes.
    mutating func write(bytes: UnsafeRawBufferPointer) {
        guard let count = UInt32(exactly: bytes.count) else {
            problem = .tooLong
            return tag(MF_TAG_NIL)
        }
        guard let target = room(5 + bytes.count) else { return }
        target.storeBytes(of: UInt8(truncatingIfNeeded: MF_TAG_STRING), as: UInt8.self)
        (target + 1).storeBytes(of: count, as: UInt32.self)
        if let base = bytes.baseAddress { (target + 5).copyMemory(from: base, byteCount: bytes.count) }
    }

    /// A list or a table whose values are being written, and how many there are so far.
    struct OpenCount {
        fileprivate let place: Int
        var count: UInt32 = 0
    }

    /// Begins a list whose length is known only at its end; see ``close(_:)``.
    mutating func beginArrayOfUnknownCount() -> OpenCount { begin(MF_TAG_ARRAY) }

    /// Begins a table whose length is known only at its end: keys and values follow in turn.
    mutating func beginRecordOfUnknownCount() -> OpenCount { begin(MF_TAG_RECORD) }

    private mutating func begin(_ kind: Int) -> OpenCount {
        tag(kind, UInt32(0))
        return OpenCount(place: buffer.pointee.count - MemoryLayout<UInt32>.size)
    }

    /// Ends what was begun.
    mutating func close(_ open: OpenCount) {
        guard problem == nil else { return }
        UnsafeMutableRawPointer(buffer.pointee.bytes!).storeBytes(
            of: open.count, toByteOffset: open.place, as: UInt32.self)
    }

    private mutating func reference(_ kind: Int, _ slot: Int32, _ owner: LuaState, _ foreign: Problem) {
        hasObjects = true
        if owner !== state { problem = foreign }
        guard let target = room(13) else { return }
        target.storeBytes(of: UInt8(truncatingIfNeeded: kind), as: UInt8.self)
        (target + 1).storeBytes(of: slot, as: Int32.self)
        (target + 5).storeBytes(of: 0, as: UInt64.self)
    }

    private mutating func tag(_ kind: Int) { byte(UInt8(truncatingIfNeeded: kind)) }

    private mutating func byte(_ value: UInt8) {
        guard let target = room(1) else { return }
        target.storeBytes(of: value, as: UInt8.self)
    }

    @inline(__always)
    private mutating func tag<Payload: BitwiseCopyable>(_ kind: Int, _ payload: Payload) {
        guard let target = room(1 + MemoryLayout<Payload>.size) else { return }
        target.storeBytes(of: UInt8(truncatingIfNeeded: kind), as: UInt8.self)
        (target + 1).storeBytes(of: payload, as: Payload.self)
    }

    @inline(__always)
    private mutating func room(_ count: Int) -> UnsafeMutableRawPointer? {
        if buffer.pointee.capacity - buffer.pointee.count < count, !mf_buffer_grow(handle, buffer, count) {
            problem = .memory
            return nil
        }
        let target = UnsafeMutableRawPointer(buffer.pointee.bytes!) + buffer.pointee.count
        buffer.pointee.count += count
        return target
    }
}

/// Reads values from an output buffer. The writer is this package's own C code, so the bytes are trusted.
struct LuaWireReader {
    private let state: LuaState
    private var cursor: UnsafeRawPointer
    private let end: UnsafeRawPointer
    /// How many values there are, where C knows.
    private let count: Int

    init(_ state: LuaState, _ span: mf_span) {
        self.state = state
        cursor = span.bytes.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(bitPattern: 1)!
        end = cursor + span.count
        count = Int(span.values)
    }

    /// Whether everything was read.
    var isAtEnd: Bool { cursor >= end }

    /// All values that are left.
    mutating func values() -> [LuaValue] {
        if isAtEnd { return [] }
        if count > 0 {
            return elements(count)
        }
        var values: [LuaValue] = []
        while !isAtEnd { values.append(value()) }
        return values
    }

    /// The next value, or what was there before where the wire says that it is the same.
    mutating func value(unchanged: LuaValue) -> LuaValue {
        guard cursor.load(as: UInt8.self) == UInt8(MF_TAG_SAME) else { return value() }
        cursor += 1
        return unchanged
    }

    /// The next value.
    mutating func value() -> LuaValue {
        switch Int(take(UInt8.self)) {
        case MF_TAG_NIL: return .nil
        case MF_TAG_FALSE: return .boolean(false)
        case MF_TAG_TRUE: return .boolean(true)
        case MF_TAG_INTEGER: return .integer(take(Int64.self))
        case MF_TAG_NUMBER: return .number(take(Double.self))
        case MF_TAG_STRING: return .string(String(decoding: bytes(), as: UTF8.self))
        case MF_TAG_BYTES: return .bytes(Array(bytes()))
        case MF_TAG_NULL: return .null
        case MF_TAG_TABLE:
            let (slot, identity) = reference()
            return .table(LuaTable(state: state, slot: slot, identity: identity))
        case MF_TAG_FUNCTION:
            let (slot, identity) = reference()
            return .function(LuaFunction(state: state, slot: slot, identity: identity))
        case MF_TAG_USERDATA:
            let (slot, identity) = reference()
            return .userdata(LuaReference(state: state, slot: slot, identity: identity))
        case MF_TAG_THREAD:
            let (slot, identity) = reference()
            return .userdata(LuaReference(state: state, slot: slot, identity: identity, isCoroutine: true))
        case MF_TAG_OBJECT:
            let object = luaObject(words: cursor)
            cursor += 2 * MemoryLayout<UInt>.size
            return .object(object)
        case MF_TAG_ARRAY:
            return .array(elements(Int(take(UInt32.self))))
        case MF_TAG_RECORD:
            return .record(LuaRecord(entries(Int(take(UInt32.self)))))
        case let unknown: preconditionFailure("unknown tag \(unknown) on the wire: this is a bug, please file an issue")
        }
    }

    private mutating func elements(_ count: Int) -> [LuaValue] {
        [LuaValue](unsafeUninitializedCapacity: count) { elements, initialized in
            while initialized < count {
                elements.initializeElement(at: initialized, to: value())
                initialized += 1
            }
        }
    }

    private mutating func entries(_ count: Int) -> [LuaRecord.Entry] {
        [LuaRecord.Entry](unsafeUninitializedCapacity: count) { entries, initialized in
            while initialized < count {
                let key = value()
                entries.initializeElement(at: initialized, to: LuaRecord.Entry(key: key, value: value()))
                initialized += 1
            }
        }
    }

    private mutating func bytes() -> UnsafeRawBufferPointer {
        let count = Int(take(UInt32.self))
        defer { cursor += count }
        return UnsafeRawBufferPointer(start: cursor, count: count)
    }

    /// The slot of the reference that comes next.
    mutating func slot() -> Int32 {
        cursor += 1
        return reference().slot
    }

    private mutating func reference() -> (slot: Int32, identity: UInt) {
        let slot = take(Int32.self)
        return (slot, UInt(take(UInt64.self)))
    }

    @inline(__always)
    private mutating func take<Payload: BitwiseCopyable>(_ type: Payload.Type) -> Payload {
        defer { cursor += MemoryLayout<Payload>.size }
        return cursor.loadUnaligned(as: type)
    }
}

/// The object of an existential's two words.
@inline(__always)
func luaObject(words: UnsafeRawPointer) -> any LuaObject {
    // The words were copied from an `any LuaObject` and the object is retained by its view; a load makes a new owner.
    var copy = words.loadUnaligned(as: (UInt, UInt).self)
    return withUnsafeBytes(of: &copy) { $0.load(as: (any LuaObject).self) }
}
