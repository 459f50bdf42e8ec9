import Glibc

/// The sanitizer that this program was built with.
public enum Sanitizer {
    private static let watchesThreads = dlsym(nil, "__tsan_init") != nil
    private static let watchesMemory = dlsym(nil, "__asan_init") != nil

    /// ThreadSanitizer cannot follow a jump out of a signal's handler: what is stuck inside of Lua stays there.
    public static let followsSignals = !watchesThreads

    /// Whether there is one.
    public static let isOn = watchesThreads || watchesMemory

    /// How many times fewer random cases are tried: each takes so many times as long.
    public static let slowdown = watchesThreads ? 8 : watchesMemory ? 4 : 1
}
