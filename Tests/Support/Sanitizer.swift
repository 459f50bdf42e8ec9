import Glibc

/// The sanitizer that this program was built with.
public enum Sanitizer {
    /// ThreadSanitizer cannot follow a jump out of a signal's handler: what is stuck inside of Lua stays there.
    public static let followsSignals = dlsym(nil, "__tsan_init") == nil
}
