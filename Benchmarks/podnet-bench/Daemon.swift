import Glibc

/// A podnetd of our own, and the two places where it can be seen at work: its notification socket and the kernel.
final class Daemon {
    let process: Process
    /// Seconds from its start to its first complete sync.
    let coldSync: Double
    private let notifications: Int32
    private let events: Int32

    /// Starts it on a directory of manifests and waits until the kernel has them.
    convenience init(_ tools: Tools, services: String) throws {
        try self.init(tools, source: ["--services-dir", services])
    }

    /// Starts it on the source that these flags name and waits until the kernel has what is there.
    init(_ tools: Tools, source: [String], podCIDR: String = "10.128.0.0/9", limit: Double = 120) throws {
        let path = "\(tools.work)/notify.sock"
        notifications = try Self.listen(path)
        let started = now()
        process = try Process(
            [
                tools.bin + "/podnetd", "--socket", "\(tools.work)/podnetd.sock", "--pod-cidr", podCIDR,
            ] + source,
            environment: ["NOTIFY_SOCKET": path, "PATH": "/usr/sbin:/usr/bin"],
            errors: "\(tools.work)/podnetd.log"
        )
        var ready = false
        while !ready {
            guard let text = Self.receive(notifications, seconds: limit) else {
                process.signal(SIGKILL)
                throw BenchmarkError("podnetd is not ready after \(limit) s:\n" + read("\(tools.work)/podnetd.log"))
            }
            ready = text.contains("READY=1")
        }
        coldSync = now() - started
        // Not before: announcing every element of the first sync costs the kernel more than adding it.
        events = try Self.subscribe()
        usleep(300_000)
        drain()
    }

    /// Seconds from the change that `body` makes to the kernel's announcement of the commit.
    func latency(of body: () throws -> Void) throws -> Double {
        drain()
        let started = now()
        try body()
        guard Self.receive(events, seconds: 10) != nil else { throw BenchmarkError("no commit within 10 s") }
        let elapsed = now() - started
        usleep(20_000)
        drain()
        return elapsed
    }

    /// Stops it; its rules stay.
    func stop() {
        process.signal(SIGTERM)
        _ = process.wait()
        close(notifications)
        close(events)
    }

    private func drain() {
        while Self.receive(events, seconds: 0) != nil {}
    }

    private static func listen(_ path: String) throws -> Int32 {
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw BenchmarkError("bind \(path): \(String(cString: strerror(errno)))") }
        return descriptor
    }

    /// Commits of anybody (NFNLGRP_NFTABLES, group 7 of NETLINK_NETFILTER, protocol 12).
    private static func subscribe() throws -> Int32 {
        let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), 12)
        var address = NetlinkAddress(family: sa_family_t(AF_NETLINK), groups: 1 << 6)
        var size: Int32 = 256 << 20
        // SO_RCVBUFFORCE, so that no event is lost.
        setsockopt(descriptor, SOL_SOCKET, 33, &size, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<NetlinkAddress>.size))
            }
        }
        guard status == 0 else { throw BenchmarkError("no nftables events: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    /// The next datagram as text, or nil after `seconds`. Lost events count as one.
    private static func receive(_ descriptor: Int32, seconds: Double) -> String? {
        var poller = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&poller, 1, Int32(seconds * 1000)) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0 else { return errno == ENOBUFS ? "" : nil }
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

/// `struct sockaddr_nl` of linux/netlink.h, which Swift's Glibc module does not have.
private struct NetlinkAddress {
    var family: sa_family_t
    var padding: UInt16 = 0
    var pid: UInt32 = 0
    var groups: UInt32
}
