internal import Glibc

/// The clock that people and other machines go by: CLOCK_REALTIME, which may be set at any moment.
package enum WallClock {
    /// Seconds since 1970-01-01T00:00:00Z.
    package static func secondsSinceEpoch() -> Double {
        var time = timespec()
        // Cannot be refused: the clock exists on every Linux and the pointer is good.
        _ = unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }
}
