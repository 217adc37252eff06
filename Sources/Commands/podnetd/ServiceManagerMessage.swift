/// What podnetd tells the service manager, in the words of sd_notify(3).
package enum ServiceManagerMessage: Hashable, Sendable {
    /// The first complete state is in the kernel; or a reload is done.
    case ready(status: String)
    /// A line for `systemctl status`.
    case status(String)
    /// A reload began at this time of CLOCK_MONOTONIC.
    case reloading(microseconds: Int64)
    /// The end began.
    case stopping
    /// The loop turns.
    case watchdog

    /// The datagram.
    package var text: String {
        switch self {
        case .ready(let status): "READY=1\nSTATUS=\(Self.oneLine(status))"
        case .status(let status): "STATUS=\(Self.oneLine(status))"
        case .reloading(let microseconds): "RELOADING=1\nMONOTONIC_USEC=\(microseconds)"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        }
    }

    /// An end of line would begin another assignment.
    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}

/// Where the service manager listens and how often it wants to hear from us, as the environment says.
package struct ServiceManagerAddress: Hashable, Sendable {
    /// The socket's name: a path, or a NUL and an abstract name.
    package let socketName: [UInt8]
    /// How often to send `watchdog`: half of what makes the service manager lose patience.
    package let watchdogInterval: Duration?

    /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; nil when no service manager listens.
    package init?(environment: [String: String], processID: Int32) {
        guard let name = environment["NOTIFY_SOCKET"], name.hasPrefix("/") || name.hasPrefix("@") else { return nil }
        // sd_notify(3): a leading @ stands for the NUL of an abstract name.
        socketName = name.hasPrefix("@") ? [0] + Array(name.utf8.dropFirst()) : Array(name.utf8)
        let isForUs = environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { $0 > 0 ? $0 : nil }
        watchdogInterval = isForUs ? microseconds.map { .microseconds($0 / 2) } : nil
    }
}
