import Addressing
import Glibc
import Netlink
import NetworkModel
import Testing

/// Addresses, routes and neighbours on a real kernel.
@Suite("addresses, routes and neighbours", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteAddressTests {
    @Test(
        "addresses of both families are added, observed and removed",
        arguments: [
            "10.11.23.2/32", "10.11.23.1/24", "10.11.23.0/31", "169.254.7.7/16", "fd00:11::2/128", "fd00:11::1/64",
        ]
    )
    func addresses(_ text: String) throws {
        var kernel = try bridgeKernel()
        let address = LinkAddress(.cni0, .text(text))
        try kernel.apply(.addAddress(address))
        #expect(try kernel.observe(all: .cni0).addresses == [address])
        let error = #expect(throws: KernelError.self) { try kernel.apply(.addAddress(address)) }
        #expect(error?.reason == .exists)

        try kernel.apply(.removeAddress(address))
        #expect(try kernel.observe(all: .cni0).addresses == [])
        let gone = #expect(throws: KernelError.self) { try kernel.apply(.removeAddress(address)) }
        #expect(gone?.reason == .notFound)
    }

    @Test("only the addresses of the link asked for are observed, and no link-local one")
    func addressesOfOneLink() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.makePair()
        let inside = LinkAddress(.podPort, .podAddress)
        try kernel.apply(.addAddress(inside))
        try kernel.apply(.addAddress(LinkAddress(.port, .text("10.11.23.1/24"))))
        #expect(try kernel.observe(all: .podPort).addresses == [inside])
    }

    @Test("IPv6 addresses can be used at once, without duplicate address detection")
    func noDuplicateAddressDetection() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.makePair()
        try kernel.apply(.addAddress(LinkAddress(.podPort, .text("fd00:11::2/128"))))
        // IFA_F_NODAD 0x02, IFA_F_PERMANENT 0x80, and not IFA_F_TENTATIVE 0x40: the file's fifth column.
        let table = try NetNS(path: pod.path).run { () throws(KernelError) in
            (try? output("cat /proc/self/net/if_inet6")) ?? ""
        }
        let line = try #require(table.split(separator: "\n").first { $0.hasPrefix("fd000011000000000000000000000002") })
        #expect(line.split(separator: " ")[4] == "82")
    }

    @Test("an IPv4 address has the broadcast address of its network, as other tools give it")
    func broadcastAddress() throws {
        var kernel = try bridgeKernel()
        try kernel.apply(.addAddress(LinkAddress(.cni0, .text("10.11.23.1/24"))))
        #expect(try output("ip -4 -o address show dev cni0").contains("brd 10.11.23.255"))
    }

    @Test(
        "a pod's routes are observed as they were added",
        arguments: [
            [Route(.podPort, to: CIDR(host: .gateway))],
            [Route(.podPort, to: .text("0.0.0.0/0"), gateway: .gateway, onlink: true)],
            [
                Route(.podPort, to: CIDR(host: .gateway), origin: Route.ownProtocol),
                Route(.podPort, to: .text("0.0.0.0/0"), gateway: .gateway),
            ],
            [Route(.podPort, to: .text("10.96.0.0/12"), metric: 50, mtu: 1300, advertisedMSS: 1200)],
            [Route(.podPort, to: .text("10.96.0.0/12"), scope: .universe)],
            [Route(.podPort, to: .text("fd00:96::/108"))],
            [Route(.podPort, to: .text("fd00:11::1/128"), metric: 7)],
            [
                Route(.podPort, to: .text("fd00:11::1/128")),
                Route(.podPort, to: .text("::/0"), gateway: IPAddress("fd00:11::1"), onlink: true),
            ],
        ]
    )
    func routes(_ routes: [Route]) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.makePair()
        try kernel.apply(.addAddress(LinkAddress(.podPort, .podAddress)))
        try kernel.apply(.addAddress(LinkAddress(.podPort, .text("fd00:11::2/128"))))
        for route in routes {
            try kernel.apply(.addRoute(route))
        }
        #expect(try kernel.observe(all: .podPort).routes == Set(routes))
        for route in routes {
            let error = #expect(throws: KernelError.self) { try kernel.apply(.addRoute(route)) }
            #expect(error?.reason == .exists)
        }
        for route in routes.reversed() {
            try kernel.apply(.removeRoute(route))
        }
        #expect(try kernel.observe(all: .podPort).routes == [])
        let gone = #expect(throws: KernelError.self) { try kernel.apply(.removeRoute(routes[0])) }
        #expect(gone?.reason == .notFound)
    }

    @Test("a pod of two networks has both default routes, each observed by its own link", arguments: [true, false])
    func twoDefaultRoutes(isV4: Bool) throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.makePair()
        let second = LinkID(.container, .vethother)
        let secondUp = Link(second, kind: .veth(peer: .other), isUp: true)
        try kernel.apply(.createVethPair(Link(.other, kind: .veth(peer: second), isUp: true), peer: secondUp))
        // Without an address of its family, no link has an IPv4 gateway.
        try kernel.apply(.addAddress(LinkAddress(.podPort, .podAddress)))
        let everything: CIDR = .text(isV4 ? "0.0.0.0/0" : "::/0")
        let gateways = isV4 ? ["10.11.23.1", "10.12.0.1"] : ["fd00:11::1", "fd00:12::1"]
        let routes = zip([LinkID.podPort, second], gateways).map { link, gateway in
            Route(link, to: everything, gateway: IPAddress(gateway), onlink: true)
        }
        for route in routes { try kernel.apply(.addRoute(route)) }
        for route in routes {
            #expect(try kernel.observe(all: route.link).routes == [route])
            let error = #expect(throws: KernelError.self) { try kernel.apply(.addRoute(route)) }
            #expect(error?.reason == .exists)
        }
        try kernel.apply(.removeRoute(routes[0]))
        #expect(try kernel.observe(all: .podPort).routes == [])
        #expect(try kernel.observe(all: second).routes == [routes[1]])
    }

    @Test("a route in another table is added there, and not observed")
    func otherTable() throws {
        var kernel = try bridgeKernel()
        try kernel.apply(.addRoute(Route(.cni0, to: .podAddress, table: 1000)))
        #expect(try kernel.observe(all: .cni0).routes == [])
        #expect(try output("ip route show table 1000").hasPrefix("10.11.23.2 dev cni0"))
    }

    @Test("a host route is found by its destination alone, and by no other")
    func hostRoute() throws {
        var kernel = try bridgeKernel()
        try kernel.apply(.addAddress(LinkAddress(.cni0, .text("10.11.23.1/24"))))
        let routes = [
            Route(.cni0, to: .podAddress, origin: Route.ownProtocol),
            Route(.cni0, to: .text("fd00:11::2/128"), origin: Route.ownProtocol),
            Route(.cni0, to: .text("10.12.0.0/16")),
            Route(.cni0, to: .text("0.0.0.0/0"), gateway: IPAddress("10.11.23.9")),
        ]
        for route in routes {
            try kernel.apply(.addRoute(route))
            #expect(try kernel.observe(routeTo: route.destination) == [route])
        }
        for other in ["10.11.23.3/32", "10.11.23.0/24", "10.11.23.1/32", "10.12.0.0/17", "fd00:11::3/128", "::/0"] {
            #expect(try kernel.observe(routeTo: .text(other)) == [], "\(other)")
        }
    }

    @Test("a route is found although a smaller one begins at the same address")
    func hiddenRoute() throws {
        var kernel = try bridgeKernel()
        let wide = Route(.cni0, to: .text("10.12.0.0/16"))
        try kernel.apply(.addRoute(wide))
        try kernel.apply(.addRoute(Route(.cni0, to: .text("10.12.0.0/24"))))
        #expect(try kernel.observe(routeTo: wide.destination) == [wide])
    }

    @Test(
        "permanent neighbours are added, found by link and by key, and removed",
        arguments: [
            "10.11.23.2", "fd00:11::2",
        ]
    )
    func neighbors(_ address: String) throws {
        var kernel = try bridgeKernel()
        let neighbor = Neighbor(.cni0, try #require(IPAddress(address)), .pod)
        try kernel.apply(.addNeighbor(neighbor))
        #expect(try kernel.observe(all: .cni0).neighbors == [neighbor])
        #expect(try kernel.observe(neighbor: neighbor) == [neighbor])
        let error = #expect(throws: KernelError.self) { try kernel.apply(.addNeighbor(neighbor)) }
        #expect(error?.reason == .exists)
        try kernel.apply(.removeNeighbor(neighbor))
        #expect(try kernel.observe(all: .cni0).neighbors == [])
        #expect(try kernel.observe(neighbor: neighbor) == [])
    }

    @Test("a neighbour that the kernel has learnt is not observed, and gives way to a permanent one")
    func learntNeighbor() throws {
        var kernel = try bridgeKernel()
        _ = try output("ip neighbour add 10.11.23.2 lladdr 02:00:00:00:00:77 dev cni0 nud stale")
        let neighbor = Neighbor(.cni0, .pod, .pod)
        #expect(try kernel.observe(all: .cni0).neighbors == [])
        #expect(try kernel.observe(neighbor: neighbor) == [])
        try kernel.apply(.addNeighbor(neighbor))
        #expect(try kernel.observe(all: .cni0).neighbors == [neighbor])
    }

    @Test("nothing is observed of what is not there")
    func absent() throws {
        var kernel = try LinuxKernel()
        #expect(try kernel.observe(all: .cni0).isEmpty)
        #expect(try kernel.observe(all: .podPort).isEmpty)
        #expect(try kernel.observe(routeTo: .podAddress) == [])
        #expect(try kernel.observe(neighbor: Neighbor(.cni0, .pod, .pod)) == [])
    }

    @Test("a gateway that cannot be reached is refused with the kernel's words")
    func unreachableGateway() throws {
        var kernel = try bridgeKernel()
        let route = Route(.cni0, to: .text("0.0.0.0/0"), gateway: .gateway)
        let error = #expect(throws: KernelError.self) { try kernel.apply(.addRoute(route)) }
        #expect(error?.errno == ENETUNREACH)
        #expect(error?.kernelMessage == "Nexthop has invalid gateway")
    }

    @Test("a pod of the design's wire reaches the host and is reached")
    func wire() throws {
        let pod = try SecondNetNS()
        var kernel = try pod.kernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, mac: .gateway, isUp: true)))
        try kernel.makePair(master: .cni0)
        var port = Link.hostVeth
        port.master = .cni0
        for step: Step in [
            .addAddress(LinkAddress(.cni0, CIDR(host: .gateway))),
            .addAddress(LinkAddress(.podPort, .podAddress)),
            .addRoute(Route(.podPort, to: CIDR(host: .gateway))),
            .addNeighbor(Neighbor(.podPort, .gateway, .gateway)),
            .addRoute(Route(.podPort, to: .text("0.0.0.0/0"), gateway: .gateway, onlink: true)),
            .addRoute(Route(.cni0, to: .podAddress, origin: Route.ownProtocol)),
            .addNeighbor(Neighbor(.cni0, .pod, .pod)),
            .awaitCarrier(port),
        ] {
            try kernel.apply(step)
        }
        // The pod's own refusal is an answer; without a way there and back there is none.
        #expect(try output("timeout 5 bash -c '< /dev/tcp/10.11.23.2/9'").contains("Connection refused"))
    }

    private func bridgeKernel() throws -> LinuxKernel {
        var kernel = try LinuxKernel()
        try kernel.apply(.createBridge(Link(.cni0, kind: .bridge, mac: .gateway, isUp: true)))
        return kernel
    }
}
