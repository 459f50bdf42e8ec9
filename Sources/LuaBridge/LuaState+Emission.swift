internal import CLuaShim
internal import Diagnostics
public import EventLoops

extension LuaState {
    /// Calls listeners in one protected call. Waiting is refused with `LUA-005`.
    ///
    /// - Parameter keep: Whether the result is to hold the final data table.
    /// - Throws: ``MFError``: what a listener raised, `HOOK-002` for a waterfall's bad value; the context's `listener` is
    ///   the listener's place, counted from 0, and `overran` is there when it was stopped by the listeners' `cpu`.
    public func emit(
        _ kind: LuaEmission.Kind, _ listeners: LuaListeners, _ data: LuaEmission.Data, keep: Bool
    ) throws -> LuaEmission.Result {
        let handle = try alive()
        var emission = try prepare(kind, listeners, data, keep, handle)
        var span = mf_span()
        let status = withExtendedLifetime((listeners, data)) { mf_emit(handle, &emission, &span) }
        return try finish(emission, status, span, data)
    }

    /// Calls listeners in one pooled coroutine, in which each may wait. From anywhere.
    ///
    /// - Parameter activity: What the emission is while a listener waits; asked for when one does.
    /// - Throws: as ``emit(_:_:_:keep:)``; `CancellationError` when the task was cancelled while a listener waited.
    public func emitAsync(
        _ kind: LuaEmission.Kind, _ listeners: LuaListeners, _ data: LuaEmission.Data, keep: Bool,
        as activity: () -> Activity? = { nil }
    ) async throws -> LuaEmission.Result {
        guard loop.isOnLoop else {
            return try await loop.perform { try await self.emitAsync(kind, listeners, data, keep: keep) }
        }
        let handle = try alive()
        var emission = try prepare(kind, listeners, data, keep, handle)
        var span = mf_span()
        var task: OpaquePointer?
        let status = withExtendedLifetime((listeners, data)) { mf_task_emit(handle, &emission, &task, &span) }
        guard let task else { return try finish(emission, status, span, data) }
        // The task counts into the tallies as long as it runs.
        defer { withExtendedLifetime(listeners) {} }
        let (last, results) = try await drive(LuaTask(task), status, emission: &emission, as: activity())
        return try finish(emission, last, results, data)
    }

    func prepare(
        _ kind: LuaEmission.Kind, _ listeners: LuaListeners, _ data: LuaEmission.Data, _ keep: Bool,
        _ handle: OpaquePointer
    ) throws -> mf_emission {
        if listeners.state !== self { throw MFError.foreignValue("list of listeners") }
        var emission = mf_emission()
        emission.kind = kind.rawValue
        emission.listeners = listeners.list.slot
        emission.listener_count = Int32(truncatingIfNeeded: listeners.functions.count)
        emission.keep = keep
        emission.tallies = listeners.tallies?.pointers
        if let cpu = listeners.cpu { emission.cpu_ns = max(1, cpu.wholeNanoseconds) }
        switch data {
        case .values(let shape, let values):
            emission.shape = try slot(of: shape)
            emission.field_count = Int32(truncatingIfNeeded: shape.keys.count)
            emission.wanted = shape.read
            if values.count != shape.keys.count { throw MFError.badShape(shape, values.count) }
            var writer = try LuaWireWriter(self, handle)
            for index in values.indices { writer.write(values[index]) }
            try writer.finish()
        case .kept(let table, let shape, let values):
            emission.shape = try slot(of: shape)
            emission.field_count = Int32(truncatingIfNeeded: shape.keys.count)
            emission.wanted = shape.read
            emission.data = table.slot
            if table.state !== self { throw MFError.foreignValue("table") }
            if values.count != shape.keys.count { throw MFError.badShape(shape, values.count) }
        case .table(let table):
            var writer = try LuaWireWriter(self, handle)
            writer.write(.table(table))
            try writer.finish()
        case .value(let value):
            var writer = try LuaWireWriter(self, handle)
            writer.write(value)
            try writer.finish()
        }
        return emission
    }

    func finish(
        _ emission: mf_emission, _ status: Int32, _ span: mf_span, _ data: LuaEmission.Data
    ) throws -> LuaEmission.Result {
        guard status == Int32(MF_OK), !emission.bad_value else { try emissionFailure(emission, status) }
        var result = LuaEmission.Result(
            outcome: .nil, outcomeIsData: emission.outcome_is_data, aborted: emission.aborted, fields: data.values,
            hasChanges: emission.has_fields, data: nil)
        // Listeners that change nothing and return nothing leave nothing to be read.
        if emission.has_outcome || emission.has_data || emission.has_fields { read(emission, span, into: &result) }
        return result
    }

    private func read(_ emission: mf_emission, _ span: mf_span, into result: inout LuaEmission.Result) {
        var reader = LuaWireReader(self, span)
        if emission.has_outcome { result.outcome = reader.value() }
        if emission.has_data, case .table(let table) = reader.value() { result.data = table }
        guard emission.has_fields else { return }
        result.fields = result.fields.map { reader.value(unchanged: $0) }
    }

    @inline(never)
    private func emissionFailure(_ emission: mf_emission, _ status: Int32) throws -> Never {
        if status == Int32(MF_OK) {
            throw MFError.badHookValue(listener: Int(emission.listener), type: emission.bad_type)
        }
        if status == Int32(MF_STOPPED) { try fail(status) }
        throw failure(status).inListener(emission.listener, overran: emission.overran)
    }

    /// The slot of a shape's keys, interned at its first use. It is kept as long as the state is open.
    private func slot(of shape: LuaShape) throws -> Int32 {
        if shape.index < shapeSlots.count, shapeSlots[shape.index] != 0 { return shapeSlots[shape.index] }
        let span = try makeSpan(.array(shape.keys.map(LuaValue.string)))
        var reader = LuaWireReader(self, span)
        while shapeSlots.count <= shape.index { shapeSlots.append(0) }
        shapeSlots[shape.index] = reader.slot()
        return shapeSlots[shape.index]
    }
}

extension LuaEmission.Data {
    /// The values of the shape's keys; none for other data.
    fileprivate var values: [LuaValue] {
        switch self {
        case .values(_, let values), .kept(_, _, let values): values
        case .table, .value: []
        }
    }
}

extension MFError {
    fileprivate static func badShape(_ shape: LuaShape, _ count: Int) -> MFError {
        MFError(.luaConversion, "\(count) values for a table of \(shape.keys.count) keys")
    }

    /// The same error, told of the listener it came from; an inner emission's listener is of no use further out.
    fileprivate func inListener(_ index: Int32, overran: Bool) -> MFError {
        let rest = context.filter { $0.key != "listener" }.map { ($0.key, Optional($0.value)) }
        return MFError(
            code, message,
            context: rest + [("listener", "\(index)"), ("overran", overran ? "cpu" : nil)], hint: hint, cause: cause,
            thrown: thrown,
            traceback: traceback, fileID: location.fileID, line: location.line)
    }
}
