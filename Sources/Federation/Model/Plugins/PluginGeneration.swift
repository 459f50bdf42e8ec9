import EventLoops

/// One version of a plugin's file as it was loaded: its number, its files, and what it has started.
final class PluginGeneration: Sendable {
    private struct Fields {
        var files: Set<String> = []
        var onNewFile: (() -> Void)?
    }

    private let bound = LoopBound<PluginGeneration, Fields>(Fields())

    /// 1 for the version that was registered, one more for each that replaced another.
    let number: Int
    let scope = Lifetime()
    /// The plugin's own file and those that it has required.
    var files: Set<String> { bound[].files }
    /// Called when another file was reached.
    var onNewFile: (() -> Void)? {
        get { bound[].onNewFile }
        set { bound[].onNewFile = newValue }
    }

    init(number: Int = 1) { self.number = number }

    /// Notes that the generation is made of a file, or would have been: what a broken version has reached is watched
    /// too, as mending that file is what makes it whole.
    func note(_ file: String) {
        if bound[].files.insert(file).inserted { onNewFile?() }
    }
}
