internal import Glibc

/// An exclusive flock(2) on a file, held as long as the value lives.
///
/// It belongs to the open file, not to the process: two values exclude each other also within one process, and the
/// kernel frees it when the holder dies. Programs in other languages that flock the same file take part.
package struct FileLock: ~Copyable, Sendable {
    private let file: Descriptor

    /// Locks a file, making it when it is missing; `timedOut` when someone else holds it for all of `timeout`.
    ///
    /// flock(2) has no deadline of its own, so a held lock is asked for again every millisecond.
    package init(
        _ path: String,
        permissions: UInt32 = 0o600,
        timeout: Duration = .seconds(10)
    ) throws(PosixError) {
        file = try Self.lock(path, permissions, timeout)
    }

    private static func lock(
        _ path: String,
        _ permissions: UInt32,
        _ timeout: Duration
    ) throws(PosixError) -> Descriptor {
        let file = try Descriptor(opening: path, [.read, .create], permissions: permissions)
        let deadline = MonotonicClock.now() + timeout
        while try !tryLock(file, path) {
            guard MonotonicClock.now() < deadline else { throw PosixError("lock", path, errno: ETIMEDOUT) }
            MonotonicClock.sleep(.milliseconds(1))
        }
        return file
    }

    private static func tryLock(_ file: borrowing Descriptor, _ path: String) throws(PosixError) -> Bool {
        let raw = file.raw
        do throws(PosixError) {
            try call("lock", path) { flock(raw, LOCK_EX | LOCK_NB) }
            return true
        } catch  where error.reason == .wouldBlock {
            return false
        }
    }
}
