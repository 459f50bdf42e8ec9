import LuaBridge

extension LuaFunction {
    /// Where the function is written, `plugins/trace-plugin.lua:12`, as Lua's debug library knows it.
    var place: String? {
        guard let getinfo = try? state.globals.get("debug").tableValue?.get("getinfo").functionValue,
            let info = try? state.call(getinfo, [.function(self), "S"]).first?.tableValue,
            let source = try? info.get("source").stringValue, let line = try? info.get("linedefined").intValue, line > 0
        else { return nil }
        return "\(source.dropFirst()):\(line)"
    }
}
