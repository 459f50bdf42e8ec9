/// Takes a stream of server-sent events apart, however it is cut into pieces.
struct EventStream {
    /// One event: its name, `message` where it has none, and the lines of its data.
    struct Event: Equatable {
        var name = "message"
        var data: [String] = []
    }

    /// An event of more bytes is none that we would understand.
    private static let limit = 1 << 20

    /// The newest number that the server gave, for `Last-Event-ID`.
    private(set) var lastID: String?
    /// Whether there was too much for one event.
    private(set) var isTooLong = false
    private var line: [UInt8] = []
    private var event = Event()
    private var size = 0
    private var endedWithReturn = false

    /// Begins a stream anew; what was last received is known still.
    mutating func restart() {
        (line, event, size, endedWithReturn, isTooLong) = ([], Event(), 0, false, false)
    }

    /// Takes a piece and returns the events that are whole by now.
    mutating func take(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            let follows = endedWithReturn && byte == 0x0A
            endedWithReturn = byte == 0x0D
            if follows { continue }
            if byte == 0x0A || byte == 0x0D {
                if let event = endLine() { events.append(event) }
                continue
            }
            size += 1
            guard size <= Self.limit else {
                isTooLong = true
                return events
            }
            line.append(byte)
        }
        return events
    }

    private mutating func endLine() -> Event? {
        guard !line.isEmpty else {
            defer { (event, size) = (Event(), 0) }
            return event == Event() ? nil : event
        }
        let text = String(decoding: line, as: UTF8.self)
        line = []
        let name = text.prefix { $0 != ":" }
        var value = text.dropFirst(name.count + 1)
        if value.first == " " { value = value.dropFirst() }
        switch name {
        case "id": lastID = String(value)
        case "event": event.name = String(value)
        case "data": event.data.append(String(value))
        default: break  // a comment, or something of a later day
        }
        return nil
    }
}
