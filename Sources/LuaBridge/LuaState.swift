internal import CLuaShim
internal import Diagnostics
public import EventLoops
internal import Synchronization

/// A Lua state: its globals, its memory, everything that runs in it.
///
/// A state belongs to a loop. What is synchronous here is called on the loop's thread, inside of
/// ``EventLoop/perform(_:)``; called elsewhere it stops the program with a message that names the call. What is `async`
/// goes to the loop by itself. References (``LuaTable``, ``LuaFunction``, ``LuaReference``) may be released anywhere.
///
/// ```swift
/// let state = try LuaState(loop: loop)
/// let double = try state.load("return ... * 2", name: "=double")
/// try state.call(double, [21])        // [.integer(42)]
/// state.close()
/// ```
///
/// References keep their state alive, and Lua keeps the Swift objects alive that it sees; ``close()`` ends both.
public final class LuaState: @unchecked Sendable {
    // `alive` and `open` check the thread of every entry point. The exceptions are `release`, which takes the lock of
    // `releases` elsewhere, `isClosed`, which is atomic, and `deinit`, when nobody else is left.

    /// The loop it belongs to.
    public let loop: EventLoop

    /// The C side; nil once closed.
    @exclusivity(unchecked)
    private(set) var handle: OpaquePointer?
    private let closed = Atomic<Bool>(false)

    /// Whether it is a tenant's: it has limits, and what it is told is cut short.
    let isTenant: Bool

    /// Makes the error that is thrown once the state is over a limit, of a reason as the C side numbers it.
    var violationError: @Sendable (Int32) -> MFError = MFError.violation

    /// Whether all code is stopped that runs, when the loop is interrupted; see ``stopAll()``.
    let isEnding = Atomic<Bool>(false)

    /// The asynchronous function that Lua called last, until its driver takes it.
    @exclusivity(unchecked)
    var pending: (body: @Sendable (LuaCall) async throws -> LuaValues, call: LuaCall)?

    /// The replies whose objects C has yet to read, by nesting level.
    @exclusivity(unchecked)
    var kept: [LuaReply] = []

    /// Where tasks wait for modules that others load, one of each `require`; told of each task that is dropped.
    var gates: [WeakGates] = []

    /// What `require` is loading.
    @exclusivity(unchecked)
    var moduleLoads = LuaModuleLoads()

    /// The slot of lua/mf/require.lua, once it was needed.
    var requireChunk: Int32?

    /// What was known of the value that Swift raised again last.
    var raised: RaisedValue?

    /// What `require` did not find last. Lua has the message alone, as a string: that is what stock Lua raises.
    var missingModule: MFError?

    /// The slots of the metatables, by type.
    var typeSlots: [ObjectIdentifier: Int32] = [:]
    /// The slots of the metatables, by type name.
    var typeSlotsByName: [String: Int32] = [:]

    /// The slots of the key lists of shapes, by the shape's place; 0: not interned yet.
    @exclusivity(unchecked)
    var shapeSlots: [Int32] = []

    /// Slots that were let go of where Lua cannot be called.
    let releases = Mutex<[Int32]>([])

    private var globalsIdentity: UInt = 0

    /// Makes a state and opens its libraries. On the loop only.
    ///
    /// - Throws: ``MFError`` with `LUA-003` when there is not enough memory.
    public init(loop: EventLoop, configuration: LuaConfiguration = .host) throws {
        loop.checkOnLoop("LuaState")
        self.loop = loop
        isTenant = configuration.isTenant
        var functions = Self.callbacks
        let host = Unmanaged.passUnretained(self).toOpaque()
        guard let handle = mf_state_new(&functions, host, configuration.isTenant, configuration.fault) else {
            throw MFError.outOfMemory()
        }
        self.handle = handle
        mf_expect_stops()
        globalsIdentity = UInt(mf_globals_identity(handle))
        do {
            try configuration.open(self)
            if let cap = configuration.memoryCap { mf_memory_limit(handle, cap, configuration.memoryMargin) }
        } catch {
            close()
            throw error
        }
    }

    deinit {
        guard let handle else { return }
        mf_state_closing(handle)
        mf_state_free(handle)
    }

    /// Frees the state. Later uses of it and of its references throw `LUA-008`.
    ///
    /// Finalizers of Lua objects run, but do not reach Swift. What waits in the state is dropped. Called from within Lua,
    /// the state is freed as soon as that call has returned.
    public func close() {
        guard let handle = open() else { return }
        self.handle = nil
        closed.store(true, ordering: .releasing)
        pending = nil
        gates.removeAll()
        moduleLoads = LuaModuleLoads()
        requireChunk = nil
        shapeSlots.removeAll()
        kept.removeAll()
        mf_state_closing(handle)
        if mf_state_busy(handle) {
            let address = Int(bitPattern: handle)
            loop.submit { mf_state_free(OpaquePointer(bitPattern: address)) }
        } else {
            mf_state_free(handle)
        }
    }

    /// Whether it was closed. May be asked anywhere.
    public var isClosed: Bool { closed.load(ordering: .acquiring) }

    /// The table of global variables.
    public var globals: LuaTable { LuaTable(state: self, slot: Int32(MF_GLOBALS_SLOT), identity: globalsIdentity) }

    /// Bytes that Lua has allocated; 0 once closed.
    public var memoryInUse: Int { open().map { mf_memory_used($0) } ?? 0 }

    /// The most that ``memoryInUse`` has been.
    public var peakMemoryInUse: Int { open().map { mf_memory_peak($0) } ?? 0 }

    /// From now on every interruption of the loop stops the Lua code that runs, whatever its task. From any thread.
    ///
    /// For the end of a runtime: ``EventLoop/interrupt()`` by itself stops what runs for a cancelled task only.
    package func stopAll() { isEnding.store(true, ordering: .relaxed) }

    /// Runs a full garbage collection.
    ///
    /// - Throws: ``MFError`` with `LUA-008` if the state is closed; an error in a finalizer only reaches Lua's
    ///   warnings.
    public func collectGarbage() throws {
        try check(mf_collect(try alive()))
    }

    /// The C side of a state that is open; stops the program off the loop.
    ///
    /// - Throws: ``MFError`` with `LUA-008` when the state was closed, on any thread.
    func alive(
        _ type: StaticString = "LuaState", _ member: StaticString = #function
    ) throws -> OpaquePointer {
        guard let handle = open(type, member) else { throw MFError.stateClosed() }
        return handle
    }

    /// The C side, nil of a state that was closed; stops the program off the loop.
    func open(_ type: StaticString = "LuaState", _ member: StaticString = #function) -> OpaquePointer? {
        if loop.isOnLoop { return handle }
        // Nothing is left that could race.
        if isClosed { return nil }
        loop.checkOnLoop(type, member)
        return nil
    }
}

// MARK: - Giving references back

extension LuaState {
    /// Gives a slot back: at once on the loop, else as soon as the loop comes by.
    func release(_ slot: Int32) {
        if slot == Int32(MF_GLOBALS_SLOT) { return }
        if loop.isOnLoop {
            guard let handle else { return }
            if mf_release(handle, slot) { return }
        }
        let isFirst = releases.withLock { slots in
            slots.append(slot)
            return slots.count == 1
        }
        if isFirst { loop.submit { self.drainReleases() } }
    }

    private func drainReleases() {
        let slots = releases.withLock { slots in
            defer { slots.removeAll() }
            return slots
        }
        guard let handle else { return }
        for slot in slots { _ = mf_release(handle, slot) }
    }
}
