internal import CLuaShim
internal import Diagnostics

extension LuaState {
    /// Compiles source text into a function. A first line that begins with `#` is skipped; binary chunks are refused.
    ///
    /// - Parameter name: What messages and tracebacks call it: `@file.lua` for a file, `=name` for other things.
    /// - Parameter environment: The chunk's globals; nil: the state's.
    /// - Throws: ``MFError`` with `LUA-001`; its context has file and line.
    public func load(_ source: [UInt8], name: String, environment: LuaTable? = nil) throws -> LuaFunction {
        try source.withUnsafeBytes { try load($0, name: name, environment: environment) }
    }

    /// Compiles source text into a function.
    ///
    /// - Throws: ``MFError`` with `LUA-001`; its context has file and line.
    public func load(_ source: String, name: String, environment: LuaTable? = nil) throws -> LuaFunction {
        var source = source
        return try source.withUTF8 { try load(UnsafeRawBufferPointer($0), name: name, environment: environment) }
    }

    private func load(_ source: UnsafeRawBufferPointer, name: String, environment: LuaTable?) throws -> LuaFunction {
        let handle = try alive()
        if let environment, environment.state !== self { throw MFError.foreignValue("table") }
        var span = mf_span()
        let bytes = source.assumingMemoryBound(to: CChar.self)
        try check(mf_load(handle, bytes.baseAddress, bytes.count, name, environment?.slot ?? 0, &span))
        return try one(span).functionValue.unwrap()
    }

    /// Makes a table of a copied list or table, or an empty one.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if the value is neither list nor record, `LUA-003` if memory runs out.
    public func makeTable(_ value: LuaValue = .record(LuaRecord())) throws -> LuaTable {
        guard let table = try make(value).tableValue else {
            throw MFError.mismatch(expected: "table", found: value)
        }
        return table
    }

    /// Makes a Lua function of a Swift one.
    ///
    /// - Throws: ``MFError`` with `LUA-003` if memory runs out, `LUA-008` if the state is closed.
    public func makeFunction(_ callable: LuaCallable) throws -> LuaFunction {
        try make(.callable(callable)).functionValue.unwrap()
    }

    /// Makes fresh globals that read through to others: writes stay in the new table, `_G` is itself.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if the table belongs to another state, `LUA-003` if memory runs out.
    public func makeEnvironment(over base: LuaTable) throws -> LuaTable {
        let handle = try alive()
        if base.state !== self { throw MFError.foreignValue("table") }
        var span = mf_span()
        try check(mf_environment(handle, base.slot, &span))
        return try one(span).tableValue.unwrap()
    }

    /// Makes a proxy that reads through to a table and refuses writes.
    ///
    /// - Throws: ``MFError`` with `LUA-004` if the table belongs to another state, `LUA-003` if memory runs out.
    public func readOnly(_ table: LuaTable) throws -> LuaTable {
        let handle = try alive()
        if table.state !== self { throw MFError.foreignValue("table") }
        var span = mf_span()
        try check(mf_read_only(handle, table.slot, &span))
        return try one(span).tableValue.unwrap()
    }

    /// Makes a Lua value and returns a reference to it.
    private func make(_ value: LuaValue, member: StaticString = #function) throws -> LuaValue {
        one(try makeSpan(value, member: member))
    }

    /// Makes a Lua value; the span holds a reference that the caller owns.
    func makeSpan(_ value: LuaValue, member: StaticString = #function) throws -> mf_span {
        let handle = try alive("LuaState", member)
        var writer = try LuaWireWriter(self, handle)
        writer.write(value)
        try writer.finish()
        var span = mf_span()
        try check(withExtendedLifetime(value) { mf_make(handle, &span) })
        return span
    }

    func one(_ span: mf_span) -> LuaValue {
        var reader = LuaWireReader(self, span)
        return reader.value()
    }
}

extension Optional {
    /// The value that this package's own C code has promised.
    fileprivate func unwrap() throws -> Wrapped {
        guard let self else { throw MFError(.luaConversion, "unexpected value: this is a bug, please file an issue") }
        return self
    }
}
