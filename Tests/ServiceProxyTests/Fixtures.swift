import Addressing
import FakeKernel
import NetworkModel
import ServiceProxy
import Testing

/// `10.96.0.1`, or a recorded test failure.
func ip(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else {
        Issue.record("\(text) is no address")
        return .v4(0)
    }
    return address
}

func port(_ number: Int) throws -> Port { try Port(number) }

func name(_ name: String, in namespace: String = "default") throws -> ServiceName {
    try ServiceName(namespace: namespace, name: name)
}

/// A service with unnamed or named TCP ports.
func service(
    _ name: String,
    _ addresses: [String],
    ports: [ServicePort]? = nil,
    created: String? = nil
) throws -> Service {
    let clusterIPs = try #require(ClusterIPs(addresses.map(ip)))
    return Service(
        try ServiceName(namespace: "default", name: name),
        kind: .virtual(clusterIPs),
        ports: try ports ?? [ServicePort(name: "http", .tcp, Port(80))],
        created: try created.map { try Timestamp(parsing: $0) }
    )
}

/// A slice of one port 8080 named `http`.
func slice(
    _ name: String,
    of service: String,
    _ endpoints: [Endpoint],
    ports: [EndpointPort]? = nil
) throws -> EndpointSlice {
    EndpointSlice(
        name,
        of: try ServiceName(namespace: "default", name: service),
        endpoints.first?.address.family ?? .v4,
        ports: try ports ?? [EndpointPort(name: "http", .tcp, Port(8080))],
        endpoints: endpoints
    )
}

func endpoints(_ addresses: String..., node: String? = nil) -> [Endpoint] {
    addresses.map { Endpoint(ip($0), nodeName: node) }
}

/// A core whose source is complete, with a fake kernel that takes its transactions.
struct FakeNode {
    var core: ProxyCore
    var kernel = FakeKernel()

    init(_ settings: ProxySettings = ProxySettings(families: [.v4])) {
        core = ProxyCore(settings)
        core.source = .complete
    }

    /// Applies changes and everything that follows from them; returns the transactions that it took.
    @discardableResult
    mutating func take(_ changes: ServiceChange...) throws -> [ProxyTransaction] { try take(changes) }

    @discardableResult
    mutating func take(_ changes: [ServiceChange]) throws -> [ProxyTransaction] {
        core.apply(changes)
        return try sync()
    }

    @discardableResult
    mutating func sync() throws -> [ProxyTransaction] {
        var transactions: [ProxyTransaction] = []
        while let transaction = core.next() {
            try kernel.commit(transaction.changes, generation: nil)
            core.committed(transaction)
            transactions.append(transaction)
        }
        return transactions
    }

    /// The next transaction, which there has to be.
    mutating func next() throws -> ProxyTransaction {
        let transaction = core.next()
        return try #require(transaction)
    }

    var table: Table { kernel.state.ruleset.tables[ServiceRuleset(.v4).table] ?? Table() }

    var services: KernelServices { KernelServices(reading: table) }

    /// Where the first packet of a connection can end up, in words.
    func reach(
        _ destination: String,
        _ number: UInt16 = 80,
        _ transport: TransportProtocol = .tcp,
        from source: String,
        arrivingBy link: String? = "cni0"
    ) throws -> [String] {
        let bridge = try InterfaceName("cni0")
        let tracer = PacketTracer(kernel.state.ruleset, addressType: { _ in .unicast }, outputLink: { _ in bridge })
        let packet = Packet(
            transport,
            from: ip(source),
            port: 40000,
            to: ip(destination),
            port: number,
            arrivingBy: try link.map { try InterfaceName($0) }
        )
        return try tracer.ends(of: packet).map(\.description)
    }
}
