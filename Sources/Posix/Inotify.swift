internal import Glibc

/// The kernel's reports of changes in directories (inotify(7)).
///
/// It tells that something changed, not what the contents are: look yourself. A directory on a network file system that
/// another machine changes, or one that is mounted over, tells nothing, so look from time to time without being told.
package struct Inotify: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// One directory under watch.
    package struct Watch: Hashable, Sendable {
        let number: Int32
    }

    /// Something that happened.
    package struct Event: Hashable, Sendable {
        /// The directory; meaningless for `overflow`.
        package let watch: Watch
        /// What happened.
        package let kinds: Kinds
        /// The name in the directory; nil when it happened to the directory itself, or is no UTF-8.
        package let name: String?
    }

    /// What can happen.
    package struct Kinds: OptionSet, Hashable, Sendable {
        /// The bits of `IN_*`.
        package let rawValue: UInt32

        /// Takes the bits as they are.
        package init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// IN_MODIFY: a file was written to, and is still open.
        package static let written = Kinds(rawValue: 0x2)
        /// IN_ATTRIB
        package static let attributes = Kinds(rawValue: 0x4)
        /// IN_CLOSE_WRITE: who wrote a file has closed it, or died.
        package static let closedAfterWriting = Kinds(rawValue: 0x8)
        /// IN_MOVED_FROM
        package static let movedAway = Kinds(rawValue: 0x40)
        /// IN_MOVED_TO
        package static let movedHere = Kinds(rawValue: 0x80)
        /// IN_CREATE
        package static let created = Kinds(rawValue: 0x100)
        /// IN_DELETE
        package static let deleted = Kinds(rawValue: 0x200)
        /// IN_DELETE_SELF and IN_MOVE_SELF: the directory itself.
        package static let directoryLeft = Kinds(rawValue: 0xc00)
        /// IN_UNMOUNT
        package static let unmounted = Kinds(rawValue: 0x2000)
        /// IN_Q_OVERFLOW: events are lost.
        package static let overflow = Kinds(rawValue: 0x4000)
        /// IN_IGNORED: the watch is gone.
        package static let watchEnded = Kinds(rawValue: 0x8000)
    }

    /// Watches nothing yet.
    package init() throws(PosixError) {
        descriptor = Descriptor(
            adopting: try call("inotify_init", "inotify") { inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK)) }
        )
    }

    /// The number to wait on together with others: readable when events are there.
    package var rawDescriptor: Int32 { descriptor.raw }

    /// Watches a directory; the same directory again keeps its watch.
    package func watch(_ directory: String, for kinds: Kinds) throws(PosixError) -> Watch {
        let mask = kinds.rawValue | UInt32(IN_ONLYDIR)
        return Watch(number: try call("watch", directory) { unsafe inotify_add_watch(descriptor.raw, directory, mask) })
    }

    /// Ends a watch; one that has ended by itself is no error.
    package func end(_ watch: Watch) {
        _ = inotify_rm_watch(descriptor.raw, watch.number)
    }

    /// The events that are there now; none when there are none.
    package func events() throws(PosixError) -> [Event] {
        var events: [Event] = []
        while let bytes = try read() { events += Self.parse(bytes) }
        return events
    }

    /// Waits until there are events; false when `duration` passes without any.
    package func wait(for duration: Duration) throws(PosixError) -> Bool {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        var entry = pollfd(fd: descriptor.raw, events: Int16(POLLIN), revents: 0)
        let timeout = CInt(clamping: max(0, milliseconds))
        return try call("poll", "inotify") { unsafe poll(&entry, 1, timeout) } > 0
    }

    private func read() throws(PosixError) -> [UInt8]? {
        do throws(PosixError) {
            // At least one event with the longest name, and room for many.
            return try descriptor.readOnce(upTo: 65_536)
        } catch  where error.reason == .wouldBlock {
            return nil
        }
    }

    /// `struct inotify_event`: wd, mask, cookie and len, four bytes each, then `len` bytes of name padded with NULs.
    static func parse(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        var rest = bytes[...]
        while rest.count >= 16 {
            let numbers = (0..<4).map { number(at: rest.startIndex + 4 * $0, in: rest) }
            rest = rest.dropFirst(16)
            let name = rest.prefix(Int(numbers[3])).prefix { $0 != 0 }
            rest = rest.dropFirst(Int(numbers[3]))
            events.append(
                Event(
                    watch: Watch(number: Int32(bitPattern: numbers[0])),
                    kinds: Kinds(rawValue: numbers[1]),
                    name: name.isEmpty ? nil : String(validating: name, as: UTF8.self)
                )
            )
        }
        return events
    }

    /// Four bytes in host order.
    private static func number(at start: Int, in bytes: ArraySlice<UInt8>) -> UInt32 {
        let bigEndian = bytes[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return UInt32(bigEndian: bigEndian)
    }
}
