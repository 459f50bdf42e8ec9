internal import CEventLoop
internal import Glibc

/// The clock on the wall.
package enum WallClock {
    /// Seconds since 1970.
    package static let now: @Sendable () -> Double = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
