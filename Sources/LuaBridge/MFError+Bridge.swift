public import Diagnostics

extension MFError {
    /// A function was called with a wrong argument.
    ///
    /// - Parameter position: Counted from 1.
    public static func badArgument(_ position: Int, of function: String, _ problem: String) -> MFError {
        MFError(
            .badArgument, "bad argument #\(position) to `\(function)`: \(problem)",
            context: [("function", function), ("argument", "\(position)")])
    }

    static func stateClosed() -> MFError {
        MFError(
            .stateClosed, "the Lua state is closed",
            hint: "copy values that must outlive the runtime")
    }

    static func outOfMemory() -> MFError {
        MFError(.luaMemory, "not enough memory", hint: "raise the memory limit, or keep less data in Lua")
    }

    static func cannotWait(_ function: String) -> MFError {
        MFError(
            .cannotWait, "`\(function)` cannot wait here", context: [("function", function)],
            hint:
                "call it outside of sync hooks, comparators of `table.sort`, callbacks of `string.gsub` and finalizers")
    }

    static func callsTooDeep() -> MFError {
        MFError(
            .tooDeep, "Swift and Lua call each other too deeply",
            hint: "look for a view or a hook that calls itself")
    }

    static func valueTooDeep(_ sentence: String, path: String) -> MFError {
        MFError(
            .tooDeep, path.isEmpty ? sentence : "\(sentence) at `\(path)`",
            context: [("path", path.isEmpty ? nil : path)])
    }

    static func foreignValue(_ kind: String) -> MFError {
        MFError(
            .luaConversion, "the \(kind) belongs to another Lua state",
            hint: "values cross between states by copy: use `copied()`")
    }

    static func readOnlyTable() -> MFError {
        MFError(.luaConversion, "the table is read-only", hint: "copy the values into a table of your own")
    }

    static func readOnlyView(_ type: String, key: LuaKey) -> MFError {
        MFError(
            .luaConversion, "\(type) is read-only", context: [("key", key.description)],
            hint: "copy the values into a table of your own")
    }

    /// A listener of a waterfall returned something that cannot take the place of its arguments.
    ///
    /// - Parameter type: The Lua type of what it returned, as `lua_type` numbers them.
    static func badHookValue(listener: Int, type: Int32) -> MFError {
        let names = ["nil", "boolean", "light userdata", "number", "string", "table", "function", "userdata", "thread"]
        let name = names.indices.contains(Int(type)) ? names[Int(type)] : "value"
        let text = name == "table" ? "a table that lacks some of the arguments' keys" : "a \(name), not its arguments"
        return MFError(
            .badHookValue, "a listener returned \(text)", context: [("listener", "\(listener)")],
            hint: "return the argument table, a table with the same keys, or nothing")
    }

    static func cancelled() -> MFError {
        MFError(.luaRuntime, "the task was cancelled")
    }
}
