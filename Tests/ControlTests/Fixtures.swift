import Addressing
import Control
import NetworkModel

/// The picture of the design: service web with two ports, a database without endpoints, a name server.
enum Picture {
    static let now = Timestamp(secondsSinceEpoch: 1_795_000_000)
    static let generation: UInt64 = 418

    static func provenance(_ daemon: Provenance.Daemon? = nil, kernel: KernelReading) -> Provenance {
        let answered = Metadata(
            node: "edge1",
            generatedAt: now,
            sources: [.daemon],
            generation: generation,
            run: "4711-9f2c01d7",
            syncedAt: Timestamp(secondsSinceEpoch: now.secondsSinceEpoch - 2)
        )
        return Provenance(node: "edge1", now: now, daemon: daemon ?? .answered(answered), kernel: kernel)
    }

    /// What the daemon wants.
    static let desired = [
        item("web:http", "10.96.14.20:80/tcp", "10.11.23.2:80", pod: "web-0"),
        item("web:http", "10.96.14.20:80/tcp", "10.11.23.5:80", pod: "web-1", .notReady, "readiness probe failing 3m"),
        item("web:https", "10.96.14.20:443/tcp", "10.11.23.2:4432", pod: "web-0"),
        item(
            "web:https",
            "10.96.14.20:443/tcp",
            "10.11.24.9:4432",
            pod: "web-2",
            node: "edge2",
            .terminating,
            "draining"
        ),
        item("db:pg", "10.96.0.7:5432/tcp", nil, .noEndpoints, "no EndpointSlice of this service has an endpoint"),
        item("dns:dns", "10.96.0.10:53/udp", "10.11.23.3:53", pod: "coredns-a", namespace: "kube-system"),
    ]

    /// What the kernel has of it: the endpoint of web:https is missing, something is left of an old service.
    static func kernel() throws -> KernelPicture {
        try KernelPicture.empty()
            .leading("10.96.14.20:80/tcp", "default/web:http", to: ["10.11.23.2:80"], connections: 18_211)
            .leading("10.96.14.20:443/tcp", "default/web:https", to: ["-"])
            .withVIP("10.96.0.7", "default/db")
            .leading("10.96.0.10:53/udp", "kube-system/dns:dns", to: ["10.11.23.3:53"], connections: 7)
            .leading("10.96.9.9:80/tcp", "default/old", to: ["10.11.23.8:80"])
    }

    /// The services themselves.
    static let services = [
        ServiceItem(
            namespace: "default",
            name: "web",
            type: "ClusterIP",
            vips: ["10.96.14.20"],
            ports: [
                .init(name: "http", port: 80, protocol: "tcp", targets: [80]),
                .init(name: "https", port: 443, protocol: "tcp", targets: [4432]),
            ],
            endpoints: .init(ready: 1, total: 3),
            policies: .init(internal: "Cluster", external: nil, sessionAffinity: "None"),
            origin: .init(file: "/etc/podnet/services.d/web.yaml", line: 1),
            since: Timestamp(secondsSinceEpoch: now.secondsSinceEpoch - 9 * 86_400)
        ),
        ServiceItem(
            namespace: "default",
            name: "db",
            type: "ClusterIP",
            vips: ["10.96.0.7", "fd00::7"],
            ports: [.init(name: "", port: 5432, protocol: "tcp", targets: [])],
            endpoints: .init(ready: 0, total: 0),
            policies: .init(internal: "Local", external: nil, sessionAffinity: "ClientIP"),
            origin: .init(file: "/etc/podnet/services.d/db.yaml", line: 12),
            since: Timestamp(secondsSinceEpoch: now.secondsSinceEpoch - 7_200),
            problems: ["fd00::7:5432/tcp is already service default/cache's, which is older"]
        ),
        ServiceItem(
            namespace: "kube-system",
            name: "dns",
            type: "ClusterIP",
            vips: ["10.96.0.10"],
            ports: [.init(name: "dns", port: 53, protocol: "udp", targets: [53])],
            endpoints: .init(ready: 1, total: 1),
            policies: .init(internal: "Cluster", external: nil, sessionAffinity: "None"),
            origin: .init(file: "/etc/podnet/services.d/dns.yaml", line: 3),
            since: Timestamp(secondsSinceEpoch: now.secondsSinceEpoch - 360)
        ),
    ]

    /// One endpoint of the daemon's list; the service as `web:http`, both addresses as people write them.
    static func item(
        _ service: String,
        _ frontend: String,
        _ endpoint: String?,
        pod: String? = nil,
        node: String = "edge1",
        namespace: String = "default",
        _ state: EndpointState = .ready,
        _ reason: String? = nil,
        isApplied: Bool = true
    ) -> EndpointItem {
        let names = service.split(separator: ":").map(String.init)
        let vip = frontend.split(separator: "/").map(String.init)
        let isReady = state == .ready
        return EndpointItem(
            namespace: namespace,
            service: names[0],
            portName: names.count > 1 ? names[1] : "",
            protocol: vip[1],
            vip: host(vip[0]),
            port: port(vip[0]),
            endpoint: endpoint.map {
                .init(address: host($0), port: port($0), pod: pod, node: node, local: node == "edge1")
            },
            desired: endpoint == nil
                ? nil
                : .init(
                    ready: isReady,
                    serving: isReady,
                    terminating: state == .terminating,
                    selected: isReady,
                    generation: generation
                ),
            applied: isReady && isApplied ? .init(generation: generation) : nil,
            state: state,
            reason: reason
        )
    }

    private static func host(_ socket: String) -> String {
        let end = socket.lastIndex(of: ":") ?? socket.endIndex
        return String(socket[..<end].filter { $0 != "[" && $0 != "]" })
    }

    private static func port(_ socket: String) -> Int {
        Int(socket.suffix(from: socket.index(after: socket.lastIndex(of: ":") ?? socket.startIndex))) ?? 0
    }
}
