import Addressing
import FakeKernel
import FoundationEssentials
import NetworkModel
import ServiceProxy
import Testing

@Suite("The rules as people see them")
struct RulesetGoldenTests {
    /// Two services, one of them dual-stack, one without endpoints.
    private func example() throws -> Ruleset {
        var settings = ProxySettings(nodeName: "node1")
        settings.podCIDRs = [CIDR("10.11.0.0/16"), CIDR("fd00:11::/56"), CIDR("10.12.0.9/32")].compactMap(\.self)
        var node = FakeNode(settings)
        let ports = try [ServicePort(name: "http", .tcp, port(80)), ServicePort(name: "https", .tcp, port(443))]
        let targets = try [EndpointPort(name: "http", .tcp, port(80)), EndpointPort(name: "https", .tcp, port(4432))]
        try node.take(
            .service(service("web", ["10.96.14.20", "fd00:96::20"], ports: ports)),
            .slice(slice("web-4", of: "web", endpoints("10.11.23.2", "10.11.24.9", node: "node1"), ports: targets)),
            .slice(slice("web-6", of: "web", endpoints("fd00:11::2", node: "node2"), ports: [targets[0]])),
            .service(service("db", ["10.96.0.7"], ports: [ServicePort(name: "pg", .tcp, port(5432))]))
        )
        return node.kernel.state.ruleset
    }

    @Test("match the golden file")
    func golden() throws {
        let text = NftSyntax.text(of: try example())
        let path = "\(#filePath)".replacing("RulesetGoldenTests.swift", with: "Golden/services.nft")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try Data(text.utf8).write(to: URL(filePath: path))
            Issue.record("recorded \(path): look at it, then run without RECORD_GOLDEN")
        }
        let expected = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(text == expected)
    }

    @Test("adding, changing and removing services changes elements only")
    func elementsOnly() throws {
        var node = FakeNode()
        try node.take(.service(service("web", ["10.96.0.10"])))
        let steps: [[ServiceChange]] = [
            [.slice(try slice("web-a", of: "web", endpoints("10.11.0.1", "10.11.0.2")))],
            [.service(try service("db", ["10.96.0.11"]))],
            [.service(try service("web", ["10.96.0.12"]))],
            [.deleteService(try name("web")), .deleteService(try name("db"))],
        ]
        for step in steps {
            for change in try node.take(step).flatMap(\.changes) {
                switch change {
                case .addElements, .deleteElements: break
                default: Issue.record("\(change)")
                }
            }
        }
    }
}
