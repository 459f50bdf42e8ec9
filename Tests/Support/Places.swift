import Glibc

/// Where things are while tests run.
public enum Places {
    /// The root of the source tree.
    public static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/")
    }()

    /// The folder of the built products: where this very test program lies.
    public static let products: String = {
        let program = realpath("/proc/self/exe", nil)!
        defer { free(program) }
        return "/" + String(cString: program).split(separator: "/").dropLast().joined(separator: "/")
    }()

    /// The built command.
    public static var mflua: String { products + "/mflua" }
}
