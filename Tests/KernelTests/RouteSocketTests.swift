import Addressing
import Netlink
import NetworkModel
import Testing

/// The transport: dumps that are interrupted, events, answers that are lost.
@Suite("netlink sockets", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteSocketTests {
    @Test("a dump during which links come is made again until none came", arguments: [0, 2])
    func interruptedDump(_ interruptions: Int) throws {
        var kernel = try kernel(links: Self.linkCount)
        var socket = try NetlinkSocket(.route)
        var made = 0
        var known: Set<UInt32> = []
        let before = socket.reserveSequences()
        let names = try socket.dump(Self.linkDump, "read links", "all") { header, payload throws(MalformedMessage) in
            // One link more in the middle of each of the first attempts.
            if known.insert(header.sequence).inserted, made < interruptions {
                try Self.makeLink("more\(made)", &kernel)
                made += 1
            }
            return try Self.name(payload)
        }
        #expect(socket.reserveSequences() - before - 1 == interruptions + 1)
        #expect(names.count == Set(names).count)
        #expect(names.count == 1 + Self.linkCount + interruptions)
    }

    @Test("a dump that is interrupted every time is an error, never half an answer")
    func alwaysInterruptedDump() throws {
        var kernel = try kernel(links: Self.linkCount)
        var socket = try NetlinkSocket(.route)
        var known: Set<UInt32> = []
        let error = #expect(throws: KernelError.self) {
            _ = try socket.dump(Self.linkDump, "read links", "all") { header, _ throws(MalformedMessage) -> Int? in
                if known.insert(header.sequence).inserted { try Self.makeLink("more\(known.count)", &kernel) }
                return nil
            }
        }
        #expect(error?.reason == .interrupted)
        #expect(known.count == 11)
        // The socket is good for the next one.
        #expect(try socket.dump(Self.linkDump, "read links", "all") { _, _ in 1 }.count == 1 + Self.linkCount + 11)
    }

    @Test("a message that cannot be read makes the dump an error and leaves the socket in order")
    func unreadableMessage() throws {
        _ = try kernel(links: 20)
        var socket = try NetlinkSocket(.route)
        let error = #expect(throws: KernelError.self) {
            _ = try socket.dump(Self.linkDump, "read links", "all") { _, _ throws(MalformedMessage) -> Int? in
                throw MalformedMessage("nonsense")
            }
        }
        #expect(error?.description == "read links all: unusable answer of the kernel: nonsense")
        #expect(try socket.dump(Self.linkDump, "read links", "all") { _, _ in 1 }.count == 1 + 20)
    }

    @Test("events are received after a wait, and only once")
    func events() throws {
        var socket = try NetlinkSocket(.route)
        try socket.subscribe(to: Self.linkGroup)
        #expect(try socket.waitForEvents(atMost: .zero) { _, _ in } == .timedOut)
        var kernel = try LinuxKernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge)))
        var names: [String] = []
        let wait = try socket.waitForEvents(atMost: .seconds(5)) { _, payload throws(MalformedMessage) in
            names.append(try Self.name(payload) ?? "")
        }
        #expect(wait == .received)
        #expect(names.contains("cni0"))
        #expect(try socket.readEvents { _, _ in } == .timedOut)
    }

    @Test("more events than the socket holds are reported as missed, and the next ones come again")
    func missedEvents() throws {
        var socket = try NetlinkSocket(.route, receiveBuffer: 4096)
        try socket.subscribe(to: Self.linkGroup)
        var kernel = try kernel(links: 10)
        #expect(try socket.waitForEvents(atMost: .seconds(5)) { _, _ in } == .missed)
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge)))
        #expect(try socket.waitForEvents(atMost: .seconds(5)) { _, _ in } == .received)
    }

    /// So many that a dump of them takes four datagrams: the first two are made before the first is read.
    private static let linkCount = 50
    /// RTNLGRP_LINK
    private static let linkGroup = 1

    /// RTM_GETLINK with an empty `struct ifinfomsg`.
    private static var linkDump: Message {
        var message = Message(type: 18)
        message.append(UInt64(0))
        message.append(UInt64(0))
        return message
    }

    /// IFLA_IFNAME
    private static func name(_ payload: RawSpan) throws(MalformedMessage) -> String? {
        var name: String?
        try forEachAttribute(in: payload, from: 16) { type, value throws(MalformedMessage) in
            if type == 3 { name = value.string() }
        }
        return name
    }

    private func kernel(links: Int) throws -> LinuxKernel {
        var kernel = try LinuxKernel()
        for number in 0..<links {
            try Self.makeLink("br\(number)", &kernel)
        }
        return kernel
    }

    private static func makeLink(_ name: String, _ kernel: inout LinuxKernel) throws(MalformedMessage) {
        do {
            try kernel.apply(.createBridge(Link(LinkID(.host, try InterfaceName(name)), kind: .bridge)))
        } catch {
            throw MalformedMessage("\(error)")
        }
    }

}

/// Handles of namespaces.
@Suite("network namespaces", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteNamespaceTests {
    @Test(
        "what is no network namespace is refused",
        arguments: [
            ("/proc/self/ns/mnt", KernelError.Reason.invalid), ("/etc/passwd", .invalid), ("/run", .invalid),
            ("/run/netns/none-of-this-name", .notFound), ("", .notFound),
        ]
    )
    func refused(_ path: String, _ reason: KernelError.Reason) {
        let error = #expect(throws: KernelError.self) { _ = try NetNS(path: path) }
        #expect(error?.reason == reason)
        #expect(error?.operation == "open network namespace")
    }

    @Test("a namespace is the same by any path, and another than the thread's own")
    func identity() throws {
        let pod = try SecondNetNS()
        let first = try NetNS(path: pod.path).identity
        let inside = try NetNS(path: pod.path).run { () throws(KernelError) in try NetNS.current().identity }
        #expect(inside == first)
        #expect(try NetNS.current().identity != first)
        #expect(try NetNS.current().identity == NetNS(path: "/proc/thread-self/ns/net").identity)
    }

    @Test("the thread is back in its namespace after the body, also when that throws")
    func returns() throws {
        let pod = try SecondNetNS()
        let home = try NetNS.current().identity
        #expect(throws: KernelError.self) {
            try NetNS(path: pod.path).run { () throws(KernelError) in
                throw KernelError("fail", "on purpose", reason: .other, text: "as asked")
            }
        }
        #expect(try NetNS.current().identity == home)
    }
}
