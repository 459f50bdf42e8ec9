import EventLoops

/// One version of a plugin's file as it was loaded: its number, its files, and what it has started.
final class PluginGeneration: @unchecked Sendable {
    // Confined to its runtime's loop thread: every entry point is reached from a job, timer or callback of that loop.

    /// 1 for the version that was registered, one more for each that replaced another.
    let number: Int
    let scope = Lifetime()
    /// The plugin's own file and those that it has required.
    private(set) var files: Set<String> = []
    /// Called when another file was reached.
    var onNewFile: (() -> Void)?

    init(number: Int = 1) { self.number = number }

    /// Notes that the generation is made of a file, or would have been: what a broken version has reached is watched
    /// too, as mending that file is what makes it whole.
    func note(_ file: String) {
        if files.insert(file).inserted { onNewFile?() }
    }
}
