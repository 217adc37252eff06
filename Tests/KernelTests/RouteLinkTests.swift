import Addressing
import Foundation
import Glibc
import Netlink
import NetworkModel
import Testing

/// Links on a real kernel: each case in a network namespace of its own.
@Suite("links", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteLinkTests {
    @Test("a bridge is made with name, address, MTU and state in one step, and is observed so")
    func bridge() throws {
        var kernel = try LinuxKernel()
        let desired = Link(.cni0, kind: .bridge, mac: .gateway, mtu: 1400, isUp: true)
        try kernel.apply(.createBridge(desired))

        let found = try #require(try kernel.link(.cni0))
        #expect(found.kind == .bridge)
        #expect(found.mac == .gateway)
        #expect(found.mtu == 1400)
        #expect(found.isUp == true)
        #expect(found.isPromiscuous == false)
        #expect(found.alias == "")
        #expect(found.master == nil)
        #expect(found.bridgePort == nil)
        #expect(try #require(found.index) > 0)
    }

    @Test("all multicast and the queue's length are set and observed")
    func receptionAndQueue() throws {
        var kernel = try LinuxKernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge)))
        let found = try #require(try kernel.link(.cni0))
        #expect(found.isAllMulticast == false)
        #expect(found.transmitQueueLength == 1000)
        var changed = found
        changed.isAllMulticast = true
        changed.transmitQueueLength = 0
        try kernel.apply(.changeLink(from: found, to: changed))
        #expect(try kernel.link(.cni0) == changed)
        try kernel.apply(.changeLink(from: changed, to: found))
        #expect(try kernel.link(.cni0) == found)
    }

    @Test("a bridge keeps its address when ports with lower ones join")
    func bridgeAddressIsPinned() throws {
        var kernel = try LinuxKernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, mac: .gateway)))
        var port = Link(.port, kind: .veth(peer: .other), mac: MACAddress("02:00:00:00:00:01"))
        port.master = .cni0
        try kernel.apply(.createVethPair(port, peer: Link(.other, kind: .veth(peer: .port))))
        #expect(try kernel.link(.cni0)?.mac == .gateway)
    }

    @Test(
        "what is there already is named: the bridge, the host's end, the pod's end",
        arguments: [
            "cni0", "vethport", "eth0",
        ]
    )
    func existingName(_ taken: String) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        let id = LinkID(taken == "eth0" ? .container : .host, try InterfaceName(taken))
        try kernel.apply(.createBridge(Link(id, kind: .bridge)))
        let error = #expect(throws: KernelError.self) {
            if taken == "cni0" {
                try kernel.apply(.createBridge(Link(.cni0, kind: .bridge)))
            } else {
                try kernel.apply(.createVethPair(.hostVeth, peer: .podVeth))
            }
        }
        #expect(error?.reason == .exists)
        #expect(error?.errno == EEXIST)
        #expect(error?.operation == "create link")
        #expect(error?.subject == id.description)
        // Of the pair, nothing is left.
        if taken != "vethport" { #expect(try kernel.link(.port) == nil) }
    }

    @Test("a pair is made with its peer inside the pod's namespace, and both ends know each other")
    func vethPair() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createVethPair(.hostVeth, peer: .podVeth))

        let state = try kernel.observe(links: [.port, .podPort, LinkID(.host, .eth0), LinkID(.container, .vethport)])
        #expect(Set(state.links.keys) == [.port, .podPort])
        let (host, inside) = (try #require(state.links[.port]), try #require(state.links[.podPort]))
        #expect(host.kind == .veth(peer: .podPort))
        #expect(inside.kind == .veth(peer: .port))
        #expect(host.mac == Link.hostVeth.mac)
        #expect(inside.mac == Link.podVeth.mac)
        #expect(host.mtu == 1400)
        #expect(inside.mtu == 1400)
        #expect(host.isUp == false)
        #expect(inside.isUp == false)
    }

    @Test("each end of a pair is found when it alone is looked up", arguments: [LinkID.port, .podPort])
    func peerOfSingleLink(_ id: LinkID) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createVethPair(.hostVeth, peer: .podVeth))
        #expect(try kernel.link(id)?.kind == .veth(peer: id == .port ? .podPort : .port))
    }

    @Test("a peer in a namespace that is not looked at is nobody")
    func peerElsewhere() throws {
        let pod = try SecondNetNS()
        let other = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createVethPair(.hostVeth, peer: .podVeth))
        var alone = try LinuxKernel()
        #expect(try alone.link(.port)?.kind == .veth(peer: nil))
        // In the other pod a link has the same number as the true peer.
        var stranger = try other.kernel()
        try stranger.apply(.createBridge(Link(.podPort, kind: .bridge)))
        #expect(try stranger.link(.podPort)?.index == kernel.link(.podPort)?.index)
        #expect(try stranger.link(.port)?.kind == .veth(peer: nil))
    }

    @Test("deleting a pod's end or the host's end takes the other one along", arguments: [Link.hostVeth, .podVeth])
    func deletePair(_ link: Link) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createVethPair(.hostVeth, peer: .podVeth))
        try kernel.apply(.deleteLink(link))
        #expect(try kernel.observe(links: [.port, .podPort]).isEmpty)
        #expect(throws: KernelError.self) { try kernel.apply(.deleteLink(link)) }
    }

    @Test("a pair that is made anew under the same names is the one that is meant")
    func recreatedPair() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        let address = LinkAddress(.podPort, .podAddress)
        try kernel.makePair()
        try kernel.apply(.addAddress(address))
        try kernel.apply(.deleteLink(.hostVeth))
        try kernel.makePair()
        try kernel.apply(.addAddress(address))
        #expect(try kernel.observe(all: .podPort).addresses == [address])
    }

    @Test(
        "what is not there is not found",
        arguments: [
            Step.deleteLink(Link.hostVeth),
            .changeLink(from: .hostVeth, to: .hostVeth),
            .awaitCarrier(.hostVeth),
            .addAddress(LinkAddress(.port, .podAddress)),
            .removeAddress(LinkAddress(.port, .podAddress)),
            .addRoute(Route(.port, to: .podAddress)),
            .removeRoute(Route(.port, to: .podAddress)),
            .addNeighbor(Neighbor(.port, .pod, .gateway)),
            .removeNeighbor(Neighbor(.port, .pod, .gateway)),
            .setSysctl(Sysctl(.host, "ipv4/conf/vethport/forwarding"), from: nil, to: "1"),
            // No pod's namespace was given.
            .deleteLink(Link.podVeth),
            .createVethPair(.hostVeth, peer: .podVeth),
            .setSysctl(Sysctl(.container, "ipv4/ip_forward"), from: nil, to: "1"),
        ]
    )
    func missing(_ step: Step) throws {
        var kernel = try LinuxKernel()
        let error = #expect(throws: KernelError.self) { try kernel.apply(step) }
        #expect(error?.reason == .notFound)
    }

    @Test("a port gets alias, bridge and options while it is down, and comes up with another step")
    func portOptions() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, mac: .gateway, isUp: true)))
        try kernel.apply(.createVethPair(.hostVeth, peer: .podVeth))
        let made = try #require(try kernel.link(.port))
        var port = made
        port.alias = "net/container/eth0"
        port.master = .cni0
        port.bridgePort = Link.BridgePort(hairpinMode: true, isolated: true)
        try kernel.apply(.changeLink(from: made, to: port))
        #expect(try kernel.link(.port) == port)

        var up = port
        up.isUp = true
        try kernel.apply(.changeLink(from: port, to: up))
        try kernel.apply(.changeLink(from: .podVeth, to: .podVethUp))
        try kernel.apply(.awaitCarrier(.hostVeth))
        #expect(try kernel.link(.port) == up)

        // And back: free again, nothing set.
        try kernel.apply(.changeLink(from: up, to: made))
        #expect(try kernel.link(.port) == made)
    }

    @Test("a pair can be made complete: bridge, options, alias and up on both ends")
    func completePair() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, isUp: true)))
        var port = Link.hostVeth
        port.master = .cni0
        port.alias = "net/container/eth0"
        port.isUp = true
        port.bridgePort = Link.BridgePort(hairpinMode: false, isolated: true)
        try kernel.apply(.createVethPair(port, peer: .podVethUp))
        var found = try #require(try kernel.link(.port))
        #expect(found.index != nil)
        found.index = nil
        found.isPromiscuous = nil
        found.isAllMulticast = nil
        found.transmitQueueLength = nil
        #expect(found == port)
        #expect(try kernel.link(.podPort)?.isUp == true)
    }

    @Test("a pair whose second step is refused leaves nothing")
    func refusedPair() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        var port = Link.hostVeth
        port.alias = String(repeating: "x", count: 300)
        #expect(throws: KernelError.self) { try kernel.apply(.createVethPair(port, peer: .podVeth)) }
        #expect(try kernel.observe(links: [.port, .podPort]).isEmpty)
    }

    @Test("address, MTU, promiscuity and alias of a link that is up are changed in one step")
    func changeUpLink() throws {
        var kernel = try LinuxKernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, isUp: true)))
        let old = try #require(try kernel.link(.cni0))
        var new = old
        new.mac = .gateway
        new.mtu = 1280
        new.isPromiscuous = true
        new.alias = "mine"
        try kernel.apply(.changeLink(from: old, to: new))
        #expect(try kernel.link(.cni0) == new)
        try kernel.apply(.changeLink(from: new, to: old))
        #expect(try kernel.link(.cni0) == old)
    }

    @Test("loopback can be brought up")
    func loopback() throws {
        var kernel = try LinuxKernel()
        let lo = LinkID(.host, try InterfaceName("lo"))
        let old = try #require(try kernel.link(lo))
        #expect(old.kind == .loopback)
        #expect(old.isUp == false)
        var new = old
        new.isUp = true
        try kernel.apply(.changeLink(from: old, to: new))
        #expect(try kernel.link(lo)?.isUp == true)
    }

    @Test("all links of the host are listed with kind, alias, bridge and peer")
    func hostLinks() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge)))
        var port = Link.hostVeth
        port.master = .cni0
        port.alias = "net/container/eth0"
        try kernel.apply(.createVethPair(port, peer: .podVeth))
        let links = try kernel.hostLinks()
        #expect(Set(links.map(\.id.name.text)).isSuperset(of: ["lo", "cni0", "vethport"]))
        let found = try #require(links.first { $0.id == .port })
        #expect(found.alias == "net/container/eth0")
        #expect(found.master == .cni0)
        #expect(found.kind == .veth(peer: .podPort))
        #expect(found.bridgePort == Link.BridgePort(hairpinMode: false, isolated: false))
    }

    @Test("a link whose peer is down is waited for no longer than the limit allows")
    func carrierNeverComes() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        kernel.carrierLimit = .milliseconds(30)
        var port = Link.hostVeth
        port.isUp = true
        try kernel.apply(.createVethPair(port, peer: .podVeth))
        let error = #expect(throws: KernelError.self) { try kernel.apply(.awaitCarrier(.hostVeth)) }
        #expect(error?.reason == .other)
        #expect(error?.description == "wait for carrier of vethport: not operational after 0.03 seconds")
        kernel.carrierLimit = SecondNetNS.carrierLimit
        try kernel.apply(.changeLink(from: .podVeth, to: .podVethUp))
        try kernel.apply(.awaitCarrier(.hostVeth))
    }

    @Test("a link is waited for until its peer comes up")
    func carrierComes() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        var port = Link.hostVeth
        port.isUp = true
        try kernel.apply(.createVethPair(port, peer: .podVeth))
        let path = pod.path
        // Begins while this thread waits, or before; either way the wait must end.
        Thread.detachNewThread {
            do {
                var inside = try LinuxKernel(netns: path)
                try inside.apply(.changeLink(from: .podVeth, to: .podVethUp))
            } catch {
                Issue.record("the peer does not come up: \(error)")
            }
        }
        try kernel.apply(.awaitCarrier(.hostVeth))
        #expect(try kernel.link(.podPort)?.isUp == true)
    }

    @Test("the kernel's own words are in the error")
    func extendedAcknowledgement() throws {
        var kernel = try LinuxKernel()
        let error = #expect(throws: KernelError.self) {
            try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, mtu: 20)))
        }
        #expect(error?.reason == .invalid)
        #expect(error?.kernelMessage == "mtu less than device minimum")
        #expect(error?.description == "create link cni0: Invalid argument (kernel: mtu less than device minimum)")
    }
}
