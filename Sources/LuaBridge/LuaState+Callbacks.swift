internal import CLuaShim
internal import Diagnostics
internal import EventLoops
internal import Synchronization

extension LuaState {
    /// What C calls. Every function returns normally; C raises or yields afterwards.
    static var callbacks: mf_host {
        mf_host(
            invoke: { host, callable, arguments in
                let callable = Unmanaged<LuaCallableBox>.fromOpaque(callable!).takeUnretainedValue()
                return LuaState.state(host).invoke(callable, arguments)
            },
            get: { host, words, tag, bytes, count, integer in
                let key: LuaKey
                switch Int(tag) {
                case MF_TAG_STRING:
                    let bytes = UnsafeRawBufferPointer(start: bytes, count: count)
                    key = .string(String(decoding: bytes, as: UTF8.self))
                case MF_TAG_INTEGER: key = .integer(integer)
                default: key = .other
                }
                return LuaState.state(host).answer { .one(try luaObject(words: words!).luaGet(key)) }
            },
            set: { host, words, pair in
                let state = LuaState.state(host)
                var reader = LuaWireReader(state, pair)
                let key = LuaKey(reader.value())
                let value = reader.value()
                return state.answer {
                    try luaObject(words: words!).luaSet(key, value)
                    return .none
                }
            },
            keys: { host, words in
                LuaState.state(host).answer { .many(luaObject(words: words!).luaKeys.compactMap(\.value)) }
            },
            count: { _, words in Int64(luaObject(words: words!).luaCount) },
            describe: { host, words in
                LuaState.state(host).answer { .one(.string(luaObject(words: words!).luaDescription)) }
            },
            type: { host, words in LuaState.state(host).typeSlot(of: type(of: luaObject(words: words!))) },
            refuse: { host, reason, callable in
                let name = callable.map { Unmanaged<LuaCallableBox>.fromOpaque($0).takeUnretainedValue().name } ?? ""
                return LuaState.state(host).answer { throw MFError.refusal(reason, name) }
            },
            stops: { host in
                let state = LuaState.state(host)
                return Task.isCancelled || state.isEnding.load(ordering: .relaxed) || Audience.isGone
            },
            forget: { host, level in LuaState.state(host).forget(Int(level)) },
            retain: { _ = Unmanaged<AnyObject>.fromOpaque($0!).retain() },
            release: { Unmanaged<AnyObject>.fromOpaque($0!).release() })
    }

    private static func state(_ host: UnsafeMutableRawPointer?) -> LuaState {
        Unmanaged<LuaState>.fromOpaque(host!).takeUnretainedValue()
    }

    private func invoke(_ callable: LuaCallableBox, _ span: mf_span) -> Int32 {
        let call = LuaCall(state: self, name: callable.name, arguments: read(span))
        return moduleLoads.isEmpty ? invoke(callable, call) : invokeAsModules(callable, call)
    }

    /// Calls Swift; what that waits for, and starts, the innermost of the modules waits for that are being loaded.
    @inline(never)
    private func invokeAsModules(_ callable: LuaCallableBox, _ call: LuaCall) -> Int32 {
        guard let running = try? LuaModuleLoads.Call(of: self), let ends = moduleLoads.ends(of: running) else {
            return invoke(callable, call)
        }
        let outer = Activity.current
        if let outer {
            do { try ends.outermost.begin(outer) } catch { return answer { throw error } }
        }
        defer { if let outer { ends.outermost.end(outer) } }
        return Activity.$running.withValue(ends.innermost) { invoke(callable, call) }
    }

    private func invoke(_ callable: LuaCallableBox, _ call: LuaCall) -> Int32 {
        switch callable.body {
        case .returning(let body): return answer { .many(try body(call)) }
        case .waiting(let body):
            pending = (body, call)
            return Int32(MF_REPLY_WAIT)
        case .starting(let body):
            do {
                switch try body(call) {
                case .done(let values): return answer { .many(values) }
                case .waiting(let rest):
                    guard canWait else { throw MFError.cannotWait(callable.name) }
                    pending = ({ _ in try await rest.finish() }, call)
                    return Int32(MF_REPLY_WAIT)
                }
            } catch {
                return answer { throw error }
            }
        }
    }

    /// Runs a callback's body and writes what it returns, or throws, as the reply.
    @inline(__always)
    private func answer(_ body: () throws -> LuaReply) -> Int32 {
        let reply: LuaReply
        do { reply = try body() } catch { return write(.one(.error(error, in: self)), as: MF_REPLY_ERROR) }
        return write(reply, as: MF_REPLY_VALUES)
    }

    /// Lets go of a reply that C has read.
    private func forget(_ level: Int) {
        guard level < kept.count else { return }
        // Whatever goes away here may come back to Lua: the list is to be whole by then.
        let reply = kept[level]
        kept[level] = .none
        withExtendedLifetime(reply) {}
    }

    private func write(_ reply: LuaReply, as status: Int) -> Int32 {
        // Closed by the callback itself: C raises a plain error, as no value can be made any more.
        guard let handle else { return Int32(MF_REPLY_MEMORY) }
        do {
            var writer = try LuaWireWriter(self, handle)
            writer.write(reply)
            try writer.finish()
            guard writer.hasObjects else { return Int32(status) }
            let level = Int(mf_current_level(handle))
            while kept.count <= level { kept.append(.none) }
            kept[level] = reply
            return Int32(status | MF_REPLY_KEPT)
        } catch let error as MFError where error.code == .luaConversion && status == MF_REPLY_VALUES {
            return write(.one(.error(error, in: self)), as: MF_REPLY_ERROR)
        } catch {
            return Int32(MF_REPLY_MEMORY)
        }
    }
}

/// What a callback answers.
enum LuaReply {
    case none
    case one(LuaValue)
    case many(LuaValues)
}

extension LuaWireWriter {
    /// Writes all values of a reply.
    mutating func write(_ reply: LuaReply) {
        switch reply {
        case .none: break
        case .one(let value): write(value)
        case .many(let values): for value in values { write(value) }
        }
    }
}

// MARK: - Types of views

extension LuaState {
    /// The slot of a type's metatable, made at its first use; negative when that fails.
    private func typeSlot(of type: any LuaObject.Type) -> Int32 {
        if let slot = typeSlots[ObjectIdentifier(type)] { return slot }
        let name = type.luaTypeName
        if let slot = typeSlotsByName[name] {
            typeSlots[ObjectIdentifier(type)] = slot
            return slot
        }
        guard let handle else { return -1 }
        do {
            let methods = type.luaMethods
            var writer = try LuaWireWriter(self, handle)
            writer.write(name)
            for method in methods {
                writer.write(method.name)
                writer.write(method)
            }
            try writer.finish()
            var slot: Int32 = 0
            try check(withExtendedLifetime(methods) { mf_register_type(handle, Int32(methods.count), &slot) })
            typeSlots[ObjectIdentifier(type)] = slot
            typeSlotsByName[name] = slot
            return slot
        } catch {
            return -1
        }
    }
}

extension LuaKey {
    init(_ value: LuaValue) {
        switch value {
        case .string(let name): self = .string(name)
        case .bytes(let bytes): self = .string(String(decoding: bytes, as: UTF8.self))
        case .integer(let index): self = .integer(index)
        default: self = .other
        }
    }

    /// The key as a value; nothing for one that has none.
    var value: LuaValue? {
        switch self {
        case .string(let name): .string(name)
        case .integer(let index): .integer(index)
        case .other: nil
        }
    }
}

extension MFError {
    fileprivate static func refusal(_ reason: Int32, _ name: String) -> MFError {
        switch Int(reason) {
        case MF_REFUSE_WAIT: .cannotWait(name)
        case MF_REFUSE_WRITE: .readOnlyTable()
        case MF_REFUSE_DEPTH: .valueTooDeep("the value is nested too deeply", path: "")
        default: .callsTooDeep()
        }
    }
}
