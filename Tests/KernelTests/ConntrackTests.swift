import Addressing
import Netlink
import NetworkModel
import Testing

/// Flows that connection tracking really has, made by sending packets on the loopback link.
@Suite("connection tracking", .tags(.kernel), .kernelTests, .freshNetNS)
struct ConntrackTests {
    /// A namespace in which packets are tracked and three flows have been begun.
    private func prepare() throws -> LinuxKernel {
        let text = try output(
            """
            ip link set lo up && ip addr add 192.0.2.1/32 dev lo
            nft 'table ip t { chain c { type filter hook output priority 0; ct state new counter; }; }'
            nft 'table ip6 t { chain c { type filter hook output priority 0; ct state new counter; }; }'
            for to in UDP:127.0.0.1:53 UDP:192.0.2.1:53 UDP:127.0.0.1:54 UDP6:[::1]:53; do
                echo | socat -u - $to,sourceport=4000 2>/dev/null
            done
            """
        )
        #expect(text.isEmpty, "\(text)")
        return try LinuxKernel()
    }

    private func filter(_ port: Int, _ family: IPAddress.Family = .v4) throws -> FlowFilter {
        FlowFilter(family, .udp, destinationPort: try Port(port))
    }

    private func destinations(_ filter: FlowFilter) throws -> [String] {
        var conntrack = try ConntrackSocket()
        return try conntrack.flows(filter).map(\.destination.description).sorted()
    }

    @Test("the kernel hands out what the filter means and nothing else")
    func filtering() throws {
        _ = try prepare()
        #expect(try destinations(filter(53)) == ["127.0.0.1:53", "192.0.2.1:53"])
        #expect(try destinations(filter(53, .v6)) == ["[::1]:53"])
        #expect(try destinations(filter(55)) == [])
        var one = try filter(53)
        one.destination = try IPAddress(parsing: "192.0.2.1")
        #expect(try destinations(one) == ["192.0.2.1:53"])
        var answered = try filter(53)
        answered.answeredBy = FlowEnd(try IPAddress(parsing: "127.0.0.1"), try Port(53))
        #expect(try destinations(answered) == ["127.0.0.1:53"])
    }

    @Test("only what is meant is forgotten, and what is gone already is no error")
    func forgetting() throws {
        var kernel = try prepare()
        var meant = try filter(53)
        meant.sparing = FlowEnd(try IPAddress(parsing: "127.0.0.1"), try Port(53))
        try kernel.apply(.forgetFlows(meant))
        #expect(try destinations(filter(53)) == ["127.0.0.1:53"])
        try kernel.apply(.forgetFlows(meant))
        try kernel.apply(.forgetFlows(filter(53, .v6)))
        #expect(try destinations(filter(53, .v6)) == [])
        #expect(try destinations(filter(54)) == ["127.0.0.1:54"])
    }

    @Test("the kernel tells apart what is translated and what was answered, and hands out nothing else")
    func state() throws {
        _ = try prepare()
        let text = try output(
            """
            nft 'table ip n { chain o { type nat hook output priority -100; udp dport 55 dnat to 192.0.2.1:56; }; }'
            timeout 5 socat UDP-LISTEN:57,bind=127.0.0.1 SYSTEM:'read -r q; echo a' &
            until ss -lun | grep -q :57; do sleep 0.01; done
            echo | socat -u - UDP:192.0.2.1:55,sourceport=4000 2>/dev/null
            echo | socat -T1 - UDP:127.0.0.1:57,sourceport=4000
            wait
            """
        )
        #expect(text == "a\n")
        for (isTranslated, isAnswered, expected) in [
            (true, nil, ["192.0.2.1:55"]), (nil, true, ["127.0.0.1:57"]), (true, true, []),
            (true, false, ["192.0.2.1:55"]), (false, false, ["127.0.0.1:53", "127.0.0.1:54", "192.0.2.1:53"]),
        ] as [(Bool?, Bool?, [String])] {
            var conntrack = try ConntrackSocket()
            let flows = try conntrack.flows(FlowFilter(.v4, .udp, isTranslated: isTranslated, isAnswered: isAnswered))
            #expect(flows.map(\.destination.description).sorted() == expected)
            #expect(conntrack.handedOut == expected.count)
        }
    }

    @Test("another flow with the same ends is not forgotten in place of the one that was read")
    func identity() throws {
        var kernel = try prepare()
        let flow = try #require(try kernel.flows(filter(54)).first)
        var other = flow
        other.identity = flow.identity.map { Flow.Identity(id: $0.id ^ 1, zone: $0.zone) }
        #expect(try kernel.forget([other]) == 0)
        #expect(try destinations(filter(54)) == ["127.0.0.1:54"])
        #expect(try kernel.forget([flow]) == 1)
    }

    @Test("flows to addresses that the node does not have are left alone")
    func onlyOwnAddresses() throws {
        var kernel = try prepare()
        #expect(try output("ip addr del 192.0.2.1/32 dev lo") == "")
        var meant = try filter(53)
        meant.toNodeOnly = true
        try kernel.apply(.forgetFlows(meant))
        #expect(try destinations(filter(53)) == ["192.0.2.1:53"])
    }
}
