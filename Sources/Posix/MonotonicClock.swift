internal import Glibc

/// The kernel's clock that no one sets: CLOCK_MONOTONIC.
package enum MonotonicClock {
    /// The time since some point before the program started.
    package static func now() -> Duration { .nanoseconds(nanoseconds()) }

    /// The same in nanoseconds.
    package static func nanoseconds() -> Int64 {
        var time = timespec()
        // Cannot be refused: the clock exists on every Linux and the pointer is good.
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Lets the calling thread wait; a signal does not shorten it.
    package static func sleep(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        guard duration > .zero else { return }
        var wanted = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        var rest = timespec()
        while unsafe nanosleep(&wanted, &rest) == -1 && Glibc.errno == EINTR { wanted = rest }
    }
}
