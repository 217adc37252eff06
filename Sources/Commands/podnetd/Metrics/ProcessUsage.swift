import FoundationEssentials
import Glibc
import Posix

/// What this process uses, under the names that every exporter gives it.
struct ProcessUsage: Sendable {
    /// User and system time, in seconds.
    let processorSeconds: Double
    /// In bytes.
    let residentMemory: Double
    /// In bytes.
    let virtualMemory: Double
    /// Descriptors in use; nil where that cannot be seen.
    let openDescriptors: Int?
    /// How many it may have; nil where there is no limit, or none that can be seen.
    let descriptorLimit: Int?

    /// Reads /proc/self; nil where there is none.
    static func read() -> ProcessUsage? {
        guard let stat = try? FileSystem.read("/proc/self/stat") else { return nil }
        let limits = (try? FileSystem.read("/proc/self/limits")) ?? []
        return ProcessUsage(
            stat: String(decoding: stat, as: UTF8.self),
            limits: String(decoding: limits, as: UTF8.self),
            openDescriptors: try? FileSystem.list("/proc/self/fd").count,
            ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageSize: Double(sysconf(Int32(_SC_PAGESIZE)))
        )
    }

    /// Reads the texts (proc(5)); the program's name, in parentheses, may hold anything.
    init?(stat: String, limits: String, openDescriptors: Int?, ticksPerSecond: Double, pageSize: Double) {
        guard let end = stat.lastIndex(of: ")") else { return nil }
        // From the third on, the state.
        let fields = stat[end...].dropFirst().split(separator: " ")
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let virtual = Double(fields[20]), let resident = Double(fields[21].prefix { $0.isNumber })
        else { return nil }
        processorSeconds = (user + system) / ticksPerSecond
        virtualMemory = virtual
        residentMemory = resident * pageSize
        self.openDescriptors = openDescriptors
        let line = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        descriptorLimit = line?.split(separator: " ").dropFirst(3).first.flatMap { Int($0) }
    }
}

/// How full connection tracking is, in this network namespace.
struct ConntrackFill: Hashable, Sendable {
    /// Entries.
    let entries: Int
    /// How many there can be.
    let limit: Int

    /// Asks the kernel; nil while it tracks no connection.
    static func read() -> ConntrackFill? {
        guard let entries = number("nf_conntrack_count"), let limit = number("nf_conntrack_max") else { return nil }
        return ConntrackFill(entries: entries, limit: limit)
    }

    private static func number(_ name: String) -> Int? {
        guard let bytes = try? FileSystem.read("/proc/sys/net/netfilter/\(name)") else { return nil }
        return Int(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
