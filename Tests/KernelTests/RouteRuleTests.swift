import Addressing
import Netlink
import NetworkModel
import Testing

/// Rules and tables on a real kernel: each case in a network namespace of its own.
@Suite("routing by rules", .tags(.kernel), .kernelTests, .freshNetNS)
struct RouteRuleTests {
    private static func look(_ kernel: inout LinuxKernel) throws -> NetworkState {
        var scope = Scope()
        scope.rulesOf = [.host]
        scope.tablesOf = [.host]
        return try kernel.observe(scope)
    }

    @Test(
        "a rule is observed as it was added, and removed",
        arguments: ["10.11.23.2/32", "10.11.0.0/16", "fd00::2/128"]
    )
    func rule(_ source: String) throws {
        var kernel = try LinuxKernel()
        let before = try Self.look(&kernel).rules
        #expect(before.contains(RoutingRule(.host, from: nil, table: 254)))
        let rule = RoutingRule(.host, from: .text(source), table: 70_000)
        try kernel.apply(.addRule(rule))
        #expect(try Self.look(&kernel).rules == before.union([rule]))
        try kernel.apply(.removeRule(rule))
        #expect(try Self.look(&kernel).rules == before)
        let absence = #expect(throws: KernelError.self) { try kernel.apply(.removeRule(rule)) }
        #expect(absence?.reason == .notFound)
    }

    @Test("routes of any table are observed as they were added, with their source, beside those of addresses")
    func tables() throws {
        var kernel = try LinuxKernel()
        try kernel.apply(
            .createVethPair(Link(.port, kind: .veth(peer: .other)), peer: Link(.other, kind: .veth(peer: .port)))
        )
        for id in [LinkID.port, .other] {
            let link = try #require(try kernel.link(id))
            var up = link
            up.isUp = true
            try kernel.apply(.changeLink(from: link, to: up))
        }
        try kernel.apply(.addAddress(LinkAddress(.port, .text("10.1.0.2/24"))))
        let source = try #require(IPAddress("10.1.0.2"))
        let network = Route(
            .port,
            to: .text("10.1.0.0/24"),
            source: source,
            origin: Route.kernelProtocol
        )
        let found = try Self.look(&kernel).routes.filter { $0.destination.family == .v4 }
        #expect(found == [network])
        var moved = network
        moved.table = 70_000
        let byGateway = Route(
            .port,
            to: .everything(.v4),
            gateway: IPAddress("10.1.0.1"),
            table: 70_000,
            source: source
        )
        try kernel.apply(.removeRoute(network))
        try kernel.apply(.addRoute(moved))
        try kernel.apply(.addRoute(byGateway))
        let both = try Self.look(&kernel).routes.filter { $0.destination.family == .v4 }
        #expect(both == [moved, byGateway], "\(both.map(\.description)) \(both)")
        for route in [moved, byGateway] { try kernel.apply(.removeRoute(route)) }
        try kernel.apply(.addRoute(network))
        #expect(try Self.look(&kernel).routes.filter { $0.destination.family == .v4 } == [network])
    }
}
