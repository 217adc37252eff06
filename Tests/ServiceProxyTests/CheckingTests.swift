import Addressing
import ServiceProxy
import Testing

@Suite("What the border lets in")
struct CheckingTests {
    struct BadService: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var name = "web"
        var namespace = "default"
        var type: String?
        var clusterIP = "10.96.0.10"
        var clusterIPs: [String]?
        var ports: [(name: String?, transport: String?, port: Int?)] = [("http", "TCP", 80)]
        let error: String

        var object: KubernetesService {
            var object = KubernetesService()
            object.metadata = KubernetesMetadata()
            object.metadata?.name = name
            object.metadata?.namespace = namespace
            object.spec = KubernetesService.Spec()
            object.spec?.type = type
            object.spec?.clusterIP = clusterIP
            object.spec?.clusterIPs = clusterIPs
            object.spec?.ports = ports.map { given in
                var port = KubernetesService.Port()
                (port.name, port.protocol, port.port) = given
                return port
            }
            return object
        }
    }

    @Test(
        "a bad service is refused for the field that is bad",
        arguments: [
            BadService(
                testDescription: "port over 65535",
                ports: [("http", "TCP", 70000)],
                error: "Service default/web: spec.ports[0].port: '70000' is not a port: ports are 1 to 65535"
            ),
            BadService(
                testDescription: "port 0",
                ports: [("http", nil, 0)],
                error: "Service default/web: spec.ports[0].port: '0' is not a port: ports are 1 to 65535"
            ),
            BadService(
                testDescription: "no port",
                ports: [("http", nil, nil)],
                error: "Service default/web: spec.ports[0].port: missing"
            ),
            BadService(
                testDescription: "unknown protocol",
                ports: [("http", "ICMP", 80)],
                error: "Service default/web: spec.ports[0].protocol: "
                    + "'ICMP' is not a protocol: known are TCP, UDP and SCTP"
            ),
            BadService(
                testDescription: "two ports without a name",
                ports: [(nil, nil, 80), (nil, nil, 81)],
                error: "Service default/web: spec.ports[1].name: missing, and the service has several ports"
            ),
            BadService(
                testDescription: "one port twice",
                ports: [("a", "TCP", 80), ("b", "TCP", 80)],
                error: "Service default/web: spec.ports[1].port: a second port 80/tcp"
            ),
            BadService(
                testDescription: "loopback as virtual address",
                clusterIP: "127.0.0.1",
                error: "Service default/web: spec.clusterIP: '127.0.0.1' is not a virtual address: loopback"
            ),
            BadService(
                testDescription: "half an address",
                clusterIP: "10.96.0.",
                error: "Service default/web: spec.clusterIP: '10.96.0.' is not an IP address"
            ),
            BadService(
                testDescription: "two addresses of one family",
                clusterIPs: ["10.96.0.1", "10.96.0.2"],
                error: "Service default/web: spec.clusterIPs: '10.96.0.1, 10.96.0.2' holds two of one family"
            ),
            BadService(
                testDescription: "a path as name",
                name: "../web",
                error: "Service default/../web: metadata.name: '../web' is not a service name: "
                    + "only small letters, digits and inner hyphens are allowed"
            ),
            BadService(
                testDescription: "a capital in the namespace",
                namespace: "Default",
                error: "Service Default/web: metadata.namespace: 'Default' is not a namespace: "
                    + "only small letters, digits and inner hyphens are allowed"
            ),
            BadService(
                testDescription: "unknown type",
                type: "Balancer",
                error: "Service default/web: spec.type: 'Balancer' is not a type of service"
            ),
        ]
    )
    func badService(_ bad: BadService) {
        let error = #expect(throws: Rejection.self) { try Service(checking: bad.object) }
        #expect(error?.description == bad.error)
    }

    @Test("a name of 10 kilobytes does not flood the log")
    func longName() throws {
        let bad = BadService(testDescription: "", name: String(repeating: "a", count: 10_000), error: "")
        let error = try #require(#expect(throws: Rejection.self) { try Service(checking: bad.object) })
        #expect(error.description.utf8.count < 400)
        #expect(error.field == "metadata.name")
    }

    @Test(
        "services without an address of their own are nothing to serve",
        arguments: [
            BadService(testDescription: "headless", clusterIP: "None", error: "headless: it has no virtual address"),
            BadService(testDescription: "no address yet", clusterIP: "", error: "headless: it has no virtual address"),
            BadService(testDescription: "alias", type: "ExternalName", error: "an ExternalName: it is a DNS alias"),
        ]
    )
    func notServed(_ given: BadService) throws {
        let service = try Service(checking: given.object)
        #expect(service.reasonNotServed == given.error)
        #expect(service.clusterIPs.isEmpty)
    }

    @Test("a service with a foreign proxy's label is left to it")
    func foreignProxy() throws {
        var object = BadService(testDescription: "", error: "").object
        object.metadata?.labels = KubernetesLabels()
        object.metadata?.labels?.serviceProxyName = "other"
        let service = try Service(checking: object)
        #expect(service.clusterIPs.isEmpty)
        #expect(service.reasonNotServed == "left to the proxy 'other'")
    }

    private func slice(_ address: String, type: String = "IPv4", port: Int? = 8080) -> KubernetesEndpointSlice {
        var object = KubernetesEndpointSlice()
        object.metadata = KubernetesMetadata()
        object.metadata?.name = "web-a"
        object.metadata?.labels = KubernetesLabels()
        object.metadata?.labels?.serviceName = "web"
        object.addressType = type
        var endpoint = KubernetesEndpointSlice.Endpoint()
        endpoint.addresses = [address]
        object.endpoints = [endpoint]
        var given = KubernetesService.Port()
        given.port = port
        object.ports = [given]
        return object
    }

    @Test(
        "an endpoint address that would open the host is refused",
        arguments: [
            ("127.0.0.1", "loopback"), ("169.254.169.254", "link-local"), ("224.0.0.1", "multicast"),
            ("0.0.0.0", "unspecified"), ("255.255.255.255", "broadcast"),
        ]
    )
    func badAddress(_ address: String, _ reason: String) {
        let error = #expect(throws: Rejection.self) { try EndpointSlice(checking: slice(address)) }
        #expect(
            error?.description == "EndpointSlice default/web-a: endpoints[0].addresses[0]: "
                + "'\(address)' is not an endpoint address: \(reason)"
        )
    }

    @Test("IPv6 endpoints that would open the host are refused too", arguments: ["::1", "fe80::1", "ff02::1", "::"])
    func badVersion6(_ address: String) {
        #expect(throws: Rejection.self) { try EndpointSlice(checking: slice(address, type: "IPv6")) }
    }

    @Test("a mapped address does not smuggle IPv4 into an IPv6 slice")
    func mapped() {
        #expect(throws: Rejection.self) { try EndpointSlice(checking: slice("::ffff:127.0.0.1", type: "IPv6")) }
        #expect(throws: Rejection.self) { try EndpointSlice(checking: slice("::ffff:10.0.0.1", type: "IPv6")) }
    }

    @Test("conditions that are not given are kube-proxy's: ready, serving, not terminating")
    func conditions() throws {
        let endpoint = try #require(try EndpointSlice(checking: slice("10.11.0.2"))?.endpoints.first)
        #expect(endpoint == Endpoint(ip("10.11.0.2")))
        #expect(endpoint.isReady && endpoint.isServing && !endpoint.isTerminating)
    }

    @Test("slices that are nothing for a proxy are left aside, and ports without a number too")
    func leftAside() throws {
        #expect(try EndpointSlice(checking: slice("example.org", type: "FQDN")) == nil)
        var orphan = slice("10.11.0.2")
        orphan.metadata?.labels = nil
        #expect(try EndpointSlice(checking: orphan) == nil)
        #expect(try EndpointSlice(checking: slice("10.11.0.2", port: nil))?.ports == [])
        #expect(throws: Rejection.self) { try EndpointSlice(checking: slice("10.11.0.2", port: 70000)) }
    }

    @Test("sixty thousand ports are read at once, and the last one is refused like the first")
    func manyPorts() throws {
        var good = BadService(
            testDescription: "",
            ports: (1...60_000).map { (port: Int) in ("p\(port)", "TCP", port) },
            error: ""
        )
        let begin = ContinuousClock.now
        #expect(try Service(checking: good.object).ports.count == 60_000)
        #expect(.now - begin < .seconds(3))
        good.ports.append(("more", "TCP", 60_000))
        let error = #expect(throws: Rejection.self) { try Service(checking: good.object) }
        #expect(error?.description == "Service default/web: spec.ports[60000].port: a second port 60000/tcp")
    }

    @Test("times sort and read back", arguments: ["2026-11-23T06:04:12Z", "0001-01-01T00:00:00Z"])
    func timestamps(_ text: String) throws {
        #expect(try Timestamp(parsing: text).description == text)
        #expect(try Timestamp(parsing: text) < Timestamp(parsing: "2027-01-01T00:00:00Z"))
        #expect(throws: InvalidValue.self) { try Timestamp(parsing: text.dropLast() + "+01:00") }
        #expect(throws: InvalidValue.self) { try Timestamp(parsing: "") }
    }
}
