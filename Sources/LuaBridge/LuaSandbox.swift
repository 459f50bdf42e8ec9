public import Diagnostics
internal import CLuaShim

extension LuaConfiguration {
    /// A tenant's state: allow-listed, read-only libraries, no bytecode, no finalizers, no addresses, and limits.
    ///
    /// A state that goes over a limit is terminated: what runs in it is dropped, no Lua code of it ever runs again, and
    /// every call throws the limit's error. It is to be closed and replaced.
    public static func tenant(_ limits: LuaLimits) -> LuaConfiguration {
        LuaConfiguration(isTenant: true) { state in
            let handle = try state.alive()
            try state.check(mf_open_tenant_libraries(handle))
            var native = mf_limits()
            native.memory = max(limits.memory, 0)
            native.source = max(limits.source, 0)
            native.message = max(limits.message, 0)
            native.cpu_ns = limits.cpu.wholeNanoseconds
            native.wall_ns = limits.wall.wholeNanoseconds
            try state.check(mf_set_limits(handle, &native))
            state.violationError = { .overLimit($0, limits) }
        }
    }
}

extension LuaState {
    /// The error of the limit that the state went over; nil while it is sound.
    public var violation: MFError? {
        guard let handle = open(), mf_violation(handle) != 0 else { return nil }
        return violation(of: handle)
    }

    /// The error of the limit, with the place in the code where it was reached.
    func violation(of handle: OpaquePointer) -> MFError {
        let error = violationError(mf_violation(handle))
        let place = String(cString: mf_violation_place(handle))
        guard !place.isEmpty else { return error }
        let context = error.context.map { ($0.key, Optional($0.value)) }
        return MFError(
            error.code, "\(error.message), at \(place)", context: context + [("at", place)], hint: error.hint)
    }

    /// Whether the state went over a limit.
    public var isTerminated: Bool { open().map { mf_violation($0) != 0 } ?? false }

    /// Terminates a tenant's state from outside: for the time that a call takes with its waits.
    public func terminateForWallTime() {
        guard let handle = open() else { return }
        mf_terminate(handle, Int32(MF_VIOLATION_WALL), nil)
    }

    /// Terminates a tenant's state from outside: for what it has under way.
    ///
    /// - Parameter place: Where the task was started that goes over the limit. A function of the library that runs as a
    ///   task, such as `mf.sleep`, has no place of its own.
    public func terminateForTasks(startedAt place: String? = nil) {
        guard let handle = open() else { return }
        mf_terminate(handle, Int32(MF_VIOLATION_TASKS), place)
    }

    /// File and line of the Lua code that called Swift, or else of what began to wait last; nil when there is none.
    public var callingPlace: String? {
        guard let handle = open() else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MF_PLACE_SIZE)) { room in
            guard let place = room.baseAddress else { return nil }
            mf_place(handle, place)
            return place.pointee == 0 ? nil : String(cString: place)
        }
    }

    /// Processor time that the state's code has used; measured for states with limits.
    public var cpuTime: Duration { .nanoseconds(open().map { mf_cpu_time($0) } ?? 0) }
}

extension MFError {
    /// A tenant's state went over the limit that the C side numbers.
    fileprivate static func overLimit(_ reason: Int32, _ limits: LuaLimits) -> MFError {
        switch Int(reason) {
        case MF_VIOLATION_CPU:
            MFError(
                .limitCPU, "the call used up its processor time", context: [("limit", "\(limits.cpu)")],
                hint: "raise the tenant's `cpu` limit, or split the work and wait in between")
        case MF_VIOLATION_WALL:
            MFError(
                .limitWall, "the call took too long",
                hint: "raise the tenant's `wall` limit, or give the operation it waits for a shorter deadline")
        case MF_VIOLATION_TASKS:
            MFError(
                .limitTasks, "too many tasks are running",
                hint: "wait for some to finish before starting more, or raise the tenant's `tasks` limit")
        case MF_VIOLATION_MESSAGE:
            MFError(
                .limitMessageSize, "a value of more than \(limits.message) bytes does not cross the border",
                context: [("limit", "\(limits.message)")],
                hint: "pass less at a time, or raise the tenant's `message` limit")
        default:
            MFError(
                .limitMemory, "the tenant used up its memory", context: [("limit", "\(limits.memory)")],
                hint: "raise the tenant's `memory` limit, or look for tables that never shrink")
        }
    }
}
