import Addressing
import FoundationEssentials
import KubernetesClient
import Logging
import ServiceProxy
import Testing
import PodnetDaemon

@Suite("The configuration file")
struct ConfigurationTests {
    @Test("an empty file is the defaults", arguments: ["", "# nothing\n", "---\n", "podCIDRs:\n", "nodeName: ~\n"])
    func empty(_ yaml: String) throws {
        #expect(try Configuration(yaml: yaml, file: "f") == Configuration())
    }

    @Test("every key is taken")
    func everyKey() throws {
        let configuration = try Configuration(
            yaml: """
                servicesDir: /srv
                kubeconfig: /etc/kubeconfig
                server: https://10.0.0.1:6443
                acceptEmpty: true
                socket: /run/s
                lockFile: /run/l
                podCIDRs: [10.11.23.0/24, "fd00::/64"]
                podBridge: cni0
                podLinkPrefix: veth
                nodePortAddresses: [primary, 192.168.7.9/16]
                externalIPRanges: [192.0.2.0/24]
                serviceCIDRs: [10.96.0.0/12]
                masqueradeAll: true
                sessionAffinityClients: 1000
                nodeName: edge1
                nodeZone: west
                ownTables: false
                healthzBindAddress: "[::]:10256"
                metricsBindAddress: off
                connectionMetrics: services
                logLevel: debug
                logFormat: json
                """,
            file: "f"
        )
        var expected = Configuration()
        expected.servicesDirectory = "/srv"
        expected.kubeconfigPath = "/etc/kubeconfig"
        expected.server = try ServerAddress(parsing: "https://10.0.0.1:6443")
        expected.acceptEmpty = true
        expected.socketPath = "/run/s"
        expected.lockPath = "/run/l"
        expected.podCIDRs = [try CIDR(parsing: "10.11.23.0/24"), try CIDR(parsing: "fd00::/64")]
        expected.podBridge = try InterfaceName("cni0")
        expected.podLinkPrefix = "veth"
        expected.nodePortAddresses = NodePortSelection([.primary, .within(try CIDR(parsing: "192.168.0.0/16"))])
        expected.externalIPRanges = [try CIDR(parsing: "192.0.2.0/24")]
        expected.serviceCIDRs = [try CIDR(parsing: "10.96.0.0/12")]
        expected.masqueradeAll = true
        expected.sessionAffinityClients = 1_000
        expected.nodeName = "edge1"
        expected.nodeZone = "west"
        expected.ownTables = false
        expected.health = try Listening(parsing: "[::]:10256")
        expected.metrics = .off
        expected.connectionMetrics = .services
        expected.logLevel = .debug
        expected.logFormat = .json
        #expect(configuration == expected)
    }

    @Test("the shipped file has every key at its default, and README explains it")
    func shippedFile() throws {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let yaml = try String(contentsOf: URL(filePath: "/\(root)/conf/podnetd.yaml"), encoding: .utf8)
        let readme = try String(contentsOf: URL(filePath: "/\(root)/README.md"), encoding: .utf8)
        #expect(try Configuration(yaml: yaml, file: "f") == Configuration())
        for key in ConfigurationKey.allCases {
            #expect(yaml.contains("\n\(key.rawValue):"), "\(key.rawValue) is missing")
            #expect(readme.contains("| `\(key.rawValue)` |"), "README lacks \(key.rawValue)")
        }
    }

    struct Fault: CustomTestStringConvertible {
        let yaml: String
        let says: String
        init(_ yaml: String, _ says: String) {
            self.yaml = yaml
            self.says = says
        }
        var testDescription: String { says }
    }

    @Test(
        "a mistake is named with key, value and line",
        arguments: [
            Fault(
                "socket: /s\npodCidr: []",
                "f:2: unknown key 'podCidr': known are servicesDir, kubeconfig, server, acceptEmpty, socket, lockFile,"
                    + " podCIDRs, nodeCIDR, podBridge, podLinkPrefix, nodePortAddresses, externalIPRanges, serviceCIDRs,"
                    + " masqueradeAll, sessionAffinityClients, nodeName, nodeZone, ownTables, healthzBindAddress,"
                    + " metricsBindAddress, connectionMetrics, logLevel, logFormat"
            ),
            Fault("podCIDRs: [10.0.0.0/8, 10.0.0.0/33]", "f:1: podCIDRs[1]: '10.0.0.0/33' is not a CIDR: "),
            Fault("nodePortAddresses: [all]", "f:1: nodePortAddresses[0]: 'all' is not 'primary' or a CIDR"),
            Fault("podBridge: a/b", "f:1: podBridge: 'a/b' is not "),
            Fault("podCIDRs: 10.0.0.0/8", "f:1: podCIDRs: '10.0.0.0/8' is not a list"),
            Fault("podCIDRs:\n  - {a: b}", "f:2: podCIDRs[0]: '' is not a CIDR"),
            Fault("\nmasqueradeAll: maybe", "f:2: masqueradeAll: 'maybe' is neither true nor false"),
            Fault(
                "sessionAffinityClients: 0",
                "f:1: sessionAffinityClients: '0' is not a number from 1 to 16777216"
            ),
            Fault(
                "sessionAffinityClients: many",
                "f:1: sessionAffinityClients: 'many' is not a number from 1 to 16777216"
            ),
            Fault(
                "server: http://10.0.0.1",
                "f:1: server: 'http://10.0.0.1' is not the address of an API server: http://"
            ),
            Fault("servicesDir: [a]", "f:1: servicesDir: 'a list' is not a text"),
            Fault("servicesDir: services.d", "f:1: servicesDir: 'services.d' is not an absolute path"),
            Fault("socket: /\(String(repeating: "x", count: 107))", "is longer than 107 bytes"),
            Fault(
                "healthzBindAddress: 10256",
                "f:1: healthzBindAddress: '10256' is not an address and a port: write it as"
            ),
            Fault("connectionMetrics: all", "f:1: connectionMetrics: 'all' is not one of none, services, endpoints"),
            Fault("logFormat: xml", "f:1: logFormat: 'xml' is not one of text, json"),
            Fault("logLevel: loud", "f:1: logLevel: 'loud' is not one of trace, debug, info"),
            Fault("- a\n- b", "f:1: the document is not a mapping of keys to values"),
            Fault("socket: /a\nsocket: /b", "key 'socket' is there twice"),
            Fault("socket: /a\nlogLevel: [", "f:3: not YAML: "),
        ]
    )
    func mistakes(_ fault: Fault) {
        let error = #expect(throws: ConfigurationError.self) { try Configuration(yaml: fault.yaml, file: "f") }
        #expect(error?.description.contains(fault.says) == true, "\(error?.description ?? "no error")")
    }

    @Test("only some keys need a restart")
    func restart() {
        var other = Configuration()
        other.masqueradeAll = true
        other.logLevel = .error
        #expect(Configuration().needsRestart(for: other) == [])
        other.socketPath = "/other"
        other.ownTables = false
        #expect(Configuration().needsRestart(for: other) == [.socket, .ownTables])
    }
}
