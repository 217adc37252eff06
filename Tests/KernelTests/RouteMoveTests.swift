import Addressing
import Glibc
import Netlink
import NetworkModel
import Testing

/// Links that are made in, or go to, another namespace, on a real kernel.
@Suite("links between namespaces", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteMoveTests {
    /// A pair in the host's namespace: `vethport` for what is tried, and its peer.
    private func putPair(_ kernel: inout LinuxKernel) throws -> Link {
        let port = Link(.port, kind: .veth(peer: .other), mac: .gateway, mtu: 1400)
        try kernel.apply(.createVethPair(port, peer: Link(.other, kind: .veth(peer: .port))))
        return try #require(try kernel.link(.port))
    }

    @Test("a macvlan is made in the pod, and says its parent and its mode", arguments: Link.Macvlan.Mode.allCases)
    func macvlan(_ mode: Link.Macvlan.Mode) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        _ = try putPair(&kernel)
        let kind = Link.Kind.macvlan(.init(parent: .port, mode: mode, broadcastQueue: 300))
        let mac = mode == .passthru ? nil : MACAddress.pod
        try kernel.apply(.createMacvlan(Link(.podPort, kind: kind, mac: mac, mtu: 1300)))
        let state = try kernel.observe(links: [.podPort, LinkID(.host, .eth0)])
        #expect(Set(state.links.keys) == [.podPort])
        let found = try #require(state.links[.podPort])
        #expect(found.kind == .macvlan(.init(parent: .port, mode: mode)))
        #expect(found.mac == mac ?? .gateway)
        #expect(found.mtu == 1300)
        #expect(found.isUp == false)
        try kernel.apply(.deleteLink(found))
        #expect(try kernel.link(.podPort) == nil)
    }

    @Test("a macvlan of what is not there, and one larger than its parent, are refused")
    func refusedMacvlan() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        let kind = Link.Kind.macvlan(.init(parent: .port, mode: .bridge))
        let missing = #expect(throws: KernelError.self) { try kernel.apply(.createMacvlan(Link(.podPort, kind: kind))) }
        #expect(missing?.reason == .notFound)
        _ = try putPair(&kernel)
        let large = #expect(throws: KernelError.self) {
            try kernel.apply(.createMacvlan(Link(.podPort, kind: kind, mtu: 1500)))
        }
        #expect(large?.reason == .invalid)
        #expect(try kernel.link(.podPort) == nil)
    }

    @Test("a link goes into the pod under another name with one message, and comes back by the inverse")
    func move() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        var device = try putPair(&kernel)
        device.alias = "vethport"
        try kernel.apply(.changeLink(from: try #require(try kernel.link(.port)), to: device))
        try kernel.apply(.addAddress(LinkAddress(.port, .podAddress)))
        let step = Step.moveLink(device, to: .podPort)
        try kernel.apply(step)
        #expect(try kernel.link(.port) == nil)
        let inside = try #require(try kernel.link(.podPort))
        #expect(inside.mac == .gateway)
        #expect(inside.alias == "vethport")
        var scope = Scope()
        scope.addressesOf = [.podPort]
        #expect(try kernel.observe(scope).addresses == [])
        try kernel.apply(try #require(step.inverse))
        #expect(try kernel.link(.podPort) == nil)
        #expect(try kernel.link(.port)?.mac == .gateway)
    }

    @Test("a link whose name is taken in the pod is refused and stays")
    func nameTaken() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        let device = try putPair(&kernel)
        try kernel.apply(.createBridge(Link(.podPort, kind: .bridge)))
        let error = #expect(throws: KernelError.self) { try kernel.apply(.moveLink(device, to: .podPort)) }
        #expect(error?.reason == .exists)
        #expect(try kernel.link(.port) != nil)
    }

    @Test("an address without a route to its network is told from one with")
    func prefixRoute() throws {
        var kernel = try LinuxKernel()
        let device = try putPair(&kernel)
        var up = device
        up.isUp = true
        try kernel.apply(.changeLink(from: device, to: up))
        let bare = LinkAddress(.port, .text("10.1.2.3/24"), hasPrefixRoute: false)
        let bare6 = LinkAddress(.port, .text("fd00:1::3/64"), hasPrefixRoute: false)
        let usual = LinkAddress(.port, .text("10.1.3.3/24"))
        for address in [bare, bare6, usual] { try kernel.apply(.addAddress(address)) }
        var scope = Scope()
        scope.addressesOf = [.port]
        #expect(try kernel.observe(scope).addresses == [bare, bare6, usual])
        try kernel.apply(.removeAddress(bare))
        #expect(try kernel.observe(scope).addresses == [bare6, usual])
    }
}
