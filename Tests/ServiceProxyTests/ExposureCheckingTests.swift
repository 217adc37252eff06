import Addressing
import JSON
import ServiceProxy
import Testing

@Suite("What the border lets in of policies and outer addresses")
struct ExposureCheckingTests {
    private func object(_ spec: String, status: String = "{}") throws -> KubernetesService {
        let text = """
            {"metadata": {"name": "web"}, "status": \(status),
             "spec": {"clusterIP": "10.96.0.1", "ports": [{"port": 80, "nodePort": 30080}], \(spec)}}
            """
        var reader = JSONReader(Array(text.utf8))
        return try #require(try reader.object())
    }

    @Test("everything that a service may say is read")
    func complete() throws {
        let service = try Service(
            checking: object(
                """
                "type": "LoadBalancer", "externalTrafficPolicy": "Local", "internalTrafficPolicy": "Local",
                "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}},
                "externalIPs": ["192.168.99.22", "192.168.99.22"], "healthCheckNodePort": 32000,
                "loadBalancerSourceRanges": [" 203.0.113.5/25", "198.51.100.7/32 "]
                """,
                status: """
                    {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}, {"ip": "1.2.3.5", "ipMode": "Proxy"},
                     {"hostname": "lb.example"}, {"ip": "1.2.3.6", "ipMode": "VIP"}]}}
                    """
            )
        )
        #expect(service.internalPolicy == .local)
        #expect(service.affinity?.seconds == 60)
        #expect(service.ports.map(\.nodePort?.number) == [30080])
        #expect(service.typeName == "LoadBalancer")
        let exposure = try #require(service.exposure)
        #expect(exposure.policy == .local)
        #expect(exposure.externalIPs == [ip("192.168.99.22")])
        #expect(exposure.loadBalancerIPs == [ip("1.2.3.4"), ip("1.2.3.6")])
        #expect(exposure.sourceRanges?.map(\.description) == ["198.51.100.7/32", "203.0.113.0/25"])
        #expect(exposure.healthCheckNodePort?.number == 32000)
    }

    @Test("what is not said is as Kubernetes has it")
    func defaults() throws {
        let service = try Service(checking: object(#""type": "NodePort", "sessionAffinity": "ClientIP""#))
        #expect(service.affinity?.seconds == Affinity.defaultSeconds)
        #expect(service.exposure == nil)
        #expect(service.policy(at: .nodePort) == .cluster)
        #expect(service.typeName == "NodePort")
    }

    @Test("what others act on changes nothing")
    func notRead() throws {
        let plain = #""type": "LoadBalancer", "externalIPs": ["192.0.2.1"]"#
        let more = #"""
            "loadBalancerIP": "1.2.3.4", "loadBalancerClass": "example.org/lb", "allocateLoadBalancerNodePorts": false,
            "publishNotReadyAddresses": true, "trafficDistribution": "PreferClose", "selector": {"a": "b"}, "x": [{}]
            """#
        #expect(try Service(checking: object("\(plain), \(more)")) == Service(checking: object(plain)))
    }

    @Test("networks that overlap, and one network in three ways, are what they say together")
    func overlappingRanges() throws {
        let service = try Service(
            checking: object(
                #""loadBalancerSourceRanges": ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.1/8", "10.0.0.0/8", "2001:db8::/32"]"#
            )
        )
        #expect(
            service.exposure?.sourceRanges?.map(\.description).sorted() == [
                "10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32",
            ]
        )
    }

    @Test("leading zeros are decimal, as for kube-proxy")
    func leadingZeros() throws {
        let service = try Service(
            checking: object(#""externalIPs": ["192.168.099.022"], "clusterIPs": ["10.096.00.010"]"#)
        )
        #expect(service.clusterIPs == [ip("10.96.0.10")])
        #expect(service.exposure?.externalIPs == [ip("192.168.99.22")])
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let spec: String
        let error: String
        var testDescription: String { spec }
    }

    @Test(
        "what cannot be is refused by its field",
        arguments: [
            Bad(
                spec: #""externalTrafficPolicy": "Nearest""#,
                error: "spec.externalTrafficPolicy: 'Nearest' is not a traffic policy: known are Cluster and Local"
            ),
            Bad(
                spec: #""sessionAffinity": "Cookie""#,
                error: "spec.sessionAffinity: 'Cookie' is not a session affinity: known are None and ClientIP"
            ),
            Bad(
                spec: #""sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}"#,
                error: "spec.sessionAffinityConfig.clientIP.timeoutSeconds: "
                    + "'0' is not an affinity timeout: 1 to 86400 seconds are allowed"
            ),
            Bad(
                spec: #""externalIPs": ["192.0.2.1", "127.0.0.1"]"#,
                error: "spec.externalIPs[1]: '127.0.0.1' is not a virtual address: loopback"
            ),
            Bad(
                spec: #""externalIPs": ["169.254.169.254"]"#,
                error: "spec.externalIPs[0]: '169.254.169.254' is not a virtual address: link-local"
            ),
            Bad(
                spec: #""externalIPs": ["224.0.0.1"]"#,
                error: "spec.externalIPs[0]: '224.0.0.1' is not a virtual address: multicast"
            ),
            Bad(
                spec: #""loadBalancerSourceRanges": ["10.0.0.0/33"]"#,
                error: "spec.loadBalancerSourceRanges[0]: '10.0.0.0/33' is not a CIDR"
            ),
        ]
    )
    func bad(_ bad: Bad) throws {
        let object = try object(bad.spec)
        let error = #expect(throws: Rejection.self) { try Service(checking: object) }
        #expect(
            error?.description.hasPrefix("Service default/web: \(bad.error)") == true,
            "\(error?.description ?? "")"
        )
    }
}
