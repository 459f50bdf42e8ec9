import EventLoops
import LuaBridge

extension Runtime {
    /// Runs a script that ends with the runtime, as its tasks do: its `<close>` variables are closed.
    func ending<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        let script = loop.start(body)
        let number = scripts.begin { script.cancel() }
        defer { scripts.end(number) }
        do {
            return try await withTaskCancellationHandler {
                try await script.value
            } onCancel: {
                script.cancel()
            }
        } catch {
            // What ended because the process ends is not told: the process ends with the script's own exit code.
            if isExiting { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
            throw error
        }
    }

    /// Has `os.exit` tell of failures that nobody has waited for: it ends the process from inside of the script. With a
    /// true second argument it closes the state, as in Lua: first the `<close>` variables of the script and of its tasks.
    func installExit() throws {
        let wrapper = """
            local os, tell, close = ...
            local exit = os.exit
            function os.exit(code, closes)
              tell()
              -- Where there can be no waiting, nothing but the state is closed.
              if closes then pcall(close, function() exit(code, closes) end) end
              return exit(code, closes)
            end
            """
        let tell = LuaCallable("exit") { [tasks] _ in
            tasks.reportAllUnheard()
            return []
        }
        // Not weak, as `tasks.report`.
        let close = LuaCallable(async: "exit") { [unowned self] call in
            let exit = try call.function(0)
            isExiting = true
            scripts.cancelAll()
            tasks.cancelAll()
            loop.start {
                // What was cancelled closes its variables meanwhile.
                await self.loop.yieldToIO()
                await self.loop.yieldToIO()
                _ = try exit.state.call(exit)
            }
            try await loop.sleep(for: .seconds(10))
            return []
        }
        _ = try state.call(
            try state.load(wrapper, name: "=os.exit"),
            [try state.globals.get("os"), .callable(tell), .callable(close)])
    }
}
