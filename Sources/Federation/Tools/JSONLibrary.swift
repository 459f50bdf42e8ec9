import Diagnostics
import LuaBridge

/// `mf.json`.
enum JSONLibrary {
    static let encodeOptions = OptionTable([
        .init("pretty", .boolean, "Whether to add line breaks and indentation.")
    ])
    static let record: LuaRecord = [
        "null": .null,
        "decode": .callable(
            LuaCallable("decode") { call in
                let text = try call.bytes(0)
                return [try text.withUnsafeBufferPointer { try call.state.decodeJSON($0) }]
            }),
        "encode": .callable(
            LuaCallable("encode") { call in
                guard call.count > 0 else { throw call.mismatch(0, "value") }
                let options = try encodeOptions.read(call, 1)
                return [.of(try call.state.encodeJSON(call[0], pretty: options["pretty"].isTruthy))]
            }),
        "array": .callable(
            LuaCallable("array") { call in
                if call[0].isNil { return [.object(LiveList<LuaValue>())] }
                let list = try OptionType.list(of: .any).read(call, 0)
                return [.object(LiveList<LuaValue>(try LiveList<LuaValue>.fromLua(list).elements))]
            }),
    ]
}
