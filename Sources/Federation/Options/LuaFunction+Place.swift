import LuaBridge

extension LuaFunction {
    /// Where the function is written, `plugins/trace-plugin.lua:12`, as Lua's debug library knows it.
    var place: String? {
        guard let (chunk, line) = written, line > 0 else { return nil }
        return "\(chunk.dropFirst()):\(line)"
    }

    /// The name of the chunk that it is written in.
    var chunk: String? { written?.chunk }

    private var written: (chunk: String, line: Int)? {
        guard let getinfo = try? state.globals.get("debug").tableValue?.get("getinfo").functionValue,
            let info = try? state.call(getinfo, [.function(self), "S"]).first?.tableValue,
            let source = try? info.get("source").stringValue, let line = try? info.get("linedefined").intValue
        else { return nil }
        return (source, line)
    }
}
