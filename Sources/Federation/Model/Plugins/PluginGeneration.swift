import EventLoops
import LuaBridge

/// One version of a plugin's file as it was loaded: its number, its files, and what it has started.
final class PluginGeneration: Sendable {
    private struct Fields {
        var files: Set<String> = []
        var onNewFile: (() -> Void)?
        var pluginName = ""
        var environment: LuaEnvironmentID?
        var globals: LuaTable?
    }

    private let bound = LoopBound<PluginGeneration, Fields>(Fields())

    /// 1 for the version that was registered, one more for each that replaced another.
    let number: Int
    let scope = Lifetime()
    /// What `mf.store()` of its code gives.
    let store = PluginStore()
    /// The plugin's own file and those that it has required.
    var files: Set<String> { bound[].files }
    /// Called when another file was reached.
    var onNewFile: (() -> Void)? {
        get { bound[].onNewFile }
        set { bound[].onNewFile = newValue }
    }

    /// The plugin's name, once it is known.
    var pluginName: String {
        get { bound[].pluginName }
        set { bound[].pluginName = newValue }
    }
    /// The globals of its code.
    var environment: LuaEnvironmentID? {
        get { bound[].environment }
        set { bound[].environment = newValue }
    }

    /// A table whose only key is the globals of its code: it tells whether something holds them.
    var globals: LuaTable? {
        get { bound[].globals }
        set { bound[].globals = newValue }
    }

    init(number: Int = 1) { self.number = number }

    /// Notes that the generation is made of a file, or would have been: what a broken version has reached is watched
    /// too, as mending that file is what makes it whole.
    func note(_ file: String) {
        if bound[].files.insert(file).inserted { onNewFile?() }
    }
}

extension PluginGeneration: SecretHolder {
    var secretHolderName: String { pluginName }

    /// Whether code of the plugin's own files calls, in the plugin's own environment.
    func isCalling(_ state: LuaState) -> Bool {
        guard let environment, let caller = state.caller(), let file = caller.file else { return false }
        return caller.runs(in: environment) ?? files.contains(file)
    }
}

/// What holds the secrets of a plugin that the host script itself defines: the script's code is the plugin's.
final class ScriptPluginCode: SecretHolder {
    let secretHolderName: String
    /// The chunk that the plugin's function is written in.
    private let chunk: String

    init(_ name: String, function: LuaFunction) {
        (secretHolderName, chunk) = (name, function.chunk ?? "")
    }

    func isCalling(_ state: LuaState) -> Bool { state.caller()?.chunk == chunk }
}
