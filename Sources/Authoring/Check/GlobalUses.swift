import LuaBridge

/// The globals that a source reads and assigns by their bare names, as the compiler has resolved them.
struct GlobalUses: Sendable {
    struct Use: Sendable, Hashable {
        let name: String
        let line: Int
        let isAssignment: Bool
    }

    private(set) var uses: [Use] = []

    /// Compiles a source in a state, and reads what the compiler made of it.
    ///
    /// - Throws: ``MFError`` with `LUA-001` for what does not compile.
    init(of source: [UInt8], in state: LuaState) throws {
        let chunk = try state.load(source, name: SourceReader.chunkName)
        guard let dump = try state.globals.get("string").tableValue?.get("dump").functionValue,
            let binary = try state.call(dump, [.function(chunk)]).first
        else { return }
        let bytes: [UInt8]
        switch binary {
        case .bytes(let raw): bytes = raw
        case .string(let text): bytes = Array(text.utf8)
        default: return
        }
        var reader = ChunkReader(bytes)
        uses = reader.read() ?? []
    }
}

/// Reads a precompiled chunk of Lua 5.4, in the form that ldump.c writes it.
private struct ChunkReader {
    private let bytes: [UInt8]
    private var at = 0
    private var uses: [GlobalUses.Use] = []

    private enum Operation {
        static let getTabUp: UInt32 = 11
        static let setTabUp: UInt32 = 15
    }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The uses in a chunk; nil for another format.
    mutating func read() -> [GlobalUses.Use]? {
        // The mark, the version, the format, a text that lines are broken in; the sizes of an instruction and of numbers.
        let head: [UInt8] = [0x1B, 0x4C, 0x75, 0x61, 0x54, 0, 0x19, 0x93, 0x0D, 0x0A, 0x1A, 0x0A, 4, 8, 8]
        guard bytes.starts(with: head) else { return nil }
        // An integer and a number as samples, and the number of upvalues.
        at = head.count + 8 + 8 + 1
        function()
        return at == bytes.count ? uses : nil
    }

    private mutating func byte() -> UInt8 {
        defer { at += 1 }
        return at < bytes.count ? bytes[at] : 0x80
    }

    /// Seven bits a byte, the highest first; the last byte has its high bit set.
    private mutating func number() -> Int {
        var value = 0
        while true {
            let next = byte()
            value = value << 7 | Int(next & 0x7F)
            if next & 0x80 != 0 || at >= bytes.count { return value }
        }
    }

    private mutating func text() -> String? {
        let size = number()
        guard size > 0, at + size - 1 <= bytes.count else { return nil }
        defer { at += size - 1 }
        return String(decoding: bytes[at..<at + size - 1], as: UTF8.self)
    }

    private mutating func function() {
        _ = text()
        let firstLine = number()
        _ = number()
        at += 3
        let code = (0..<number()).map { _ in
            (0..<4).reduce(UInt32(0)) { $0 | UInt32(byte()) << (8 * UInt32($1)) }
        }
        let constants = (0..<number()).map { _ in constant() }
        at += 3 * number()
        for _ in 0..<number() { function() }
        let lines = self.lines(from: firstLine, count: code.count)
        for _ in 0..<number() {
            _ = text()
            _ = (number(), number())
        }
        let upvalues = (0..<number()).map { _ in text() }
        for (place, instruction) in code.enumerated() {
            let (a, b, c) = (instruction >> 7 & 0xFF, instruction >> 16 & 0xFF, instruction >> 24 & 0xFF)
            let isAssignment = instruction & 0x7F == Operation.setTabUp
            guard isAssignment || instruction & 0x7F == Operation.getTabUp else { continue }
            let (table, key) = isAssignment ? (Int(a), Int(b)) : (Int(b), Int(c))
            guard upvalues.indices.contains(table), upvalues[table] == "_ENV", constants.indices.contains(key),
                let name = constants[key]
            else { continue }
            uses.append(.init(name: name, line: lines[place], isAssignment: isAssignment))
        }
    }

    /// A constant, if it is a text.
    private mutating func constant() -> String? {
        switch byte() {
        case 0x03, 0x13:
            at += 8
            return nil
        case 0x04, 0x14: return text()
        default: return nil
        }
    }

    /// The line of each instruction: differences, and now and then the line itself.
    private mutating func lines(from first: Int, count: Int) -> [Int] {
        let steps = (0..<number()).map { _ in Int8(bitPattern: byte()) }
        var absolute: [Int: Int] = [:]
        for _ in 0..<number() {
            let place = number()
            absolute[place] = number()
        }
        var line = first
        return (0..<count).map { place in
            let step = steps.indices.contains(place) ? steps[place] : 0
            line = step == .min ? absolute[place] ?? line : line + Int(step)
            return line
        }
    }
}
