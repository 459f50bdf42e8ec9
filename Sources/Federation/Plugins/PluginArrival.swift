import EventLoops
import LuaBridge

/// One plugin of a list on its way to being attached.
final class PluginArrival {
    let listed: ListedPlugin
    /// Where it stands in the list, from 1 on.
    let position: Int
    /// What was read.
    var draft: PluginDraft?
    /// What was made of that.
    var plugin: RegisteredPlugin?
    /// Where its file has made an attached plugin: that, and the options that it is given with.
    var known: (plugin: RegisteredPlugin, options: LuaValue)?
    /// Why it is not attached.
    var absence: AbsentPlugin.Reason?
    /// The files that were read for it, as far as reading came.
    let files = ReadFiles()

    /// Whether its failure fails the list.
    var isRequired: Bool { listed.settings.isRequired != false }

    init(_ listed: ListedPlugin, position: Int) { (self.listed, self.position) = (listed, position) }

    /// Notes that what was made is not attached.
    func fail(_ error: any Error) {
        draft?.scope?.close()
        absence = .failed(error)
    }
}

/// The generation that is being read: it knows its files, also where reading fails.
final class ReadFiles: Sendable {
    private struct Fields {
        var generation: PluginGeneration?
        var candidates: [String] = []
    }

    private let bound = LoopBound<ReadFiles, Fields>(Fields())

    var generation: PluginGeneration? {
        get { bound[].generation }
        set { bound[].generation = newValue }
    }

    /// Where the plugin's file was looked for.
    var candidates: [String] {
        get { bound[].candidates }
        set { bound[].candidates = newValue }
    }

    /// The files; where there is none, the first that there could be.
    var all: Set<String> { generation?.files ?? Set(candidates.prefix(1)) }
}
