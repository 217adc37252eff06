import Addressing
import ServiceProxy
import Testing

@Suite("Which endpoints a node's clients get")
struct EndpointPolicyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Endpoints: a name, its node, `ready`, `draining` or `down`, hinted nodes and zones.
        let endpoints: [String]
        var everywhere: [String] = []
        var here: [String] = []
    }

    private func endpoint(_ text: String, _ index: Int) -> Endpoint {
        let words = text.split(separator: " ").map(String.init)
        var endpoint = Endpoint(.v4(0x0a00_0000 + UInt32(index)), nodeName: words[1], podName: words[0])
        endpoint.isReady = words[2] == "ready"
        endpoint.isServing = words[2] != "down"
        endpoint.isTerminating = words[2] == "draining"
        let nodes = words.compactMap { $0.hasPrefix("node=") ? String($0.dropFirst(5)) : nil }
        let zones = words.compactMap { $0.hasPrefix("zone=") ? String($0.dropFirst(5)) : nil }
        if !(nodes + zones).isEmpty { endpoint.hints = .init(nodes: Set(nodes), zones: Set(zones)) }
        return endpoint
    }

    @Test(
        "by readiness, place and hints",
        arguments: [
            Case(
                testDescription: "all that are ready",
                endpoints: ["a here ready", "b there ready", "c here down"],
                everywhere: ["a", "b"],
                here: ["a"]
            ),
            Case(
                testDescription: "draining ones where none is ready",
                endpoints: ["a here draining", "b there draining", "c there down"],
                everywhere: ["a", "b"],
                here: ["a"]
            ),
            Case(
                testDescription: "draining ones here while others are ready elsewhere",
                endpoints: ["a here draining", "b there ready"],
                everywhere: ["b"],
                here: ["a"]
            ),
            Case(
                testDescription: "hints for this zone",
                endpoints: ["a here ready zone=z1", "b there ready zone=z2", "c there ready zone=z1"],
                everywhere: ["a", "c"],
                here: ["a"]
            ),
            Case(
                testDescription: "hints for this node come before those for its zone",
                endpoints: ["a here ready node=here zone=z1", "b there ready node=there zone=z1"],
                everywhere: ["a"],
                here: ["a"]
            ),
            Case(
                testDescription: "one without a hint: none counts",
                endpoints: ["a here ready zone=z1", "b there ready"],
                everywhere: ["a", "b"],
                here: ["a"]
            ),
            Case(
                testDescription: "no hint for this zone: none counts",
                endpoints: ["a here ready zone=z2", "b there ready zone=z3"],
                everywhere: ["a", "b"],
                here: ["a"]
            ),
            Case(
                testDescription: "hints of endpoints that are not ready do not matter",
                endpoints: ["a here ready zone=z1", "b there down", "c there ready zone=z2"],
                everywhere: ["a"],
                here: ["a"]
            ),
            Case(
                testDescription: "hints never narrow local lists",
                endpoints: ["a here ready zone=z2", "b there ready zone=z1"],
                everywhere: ["b"],
                here: ["a"]
            ),
            Case(
                testDescription: "hints are dropped with the last ready endpoint",
                endpoints: ["a here draining zone=z2", "b there draining zone=z1"],
                everywhere: ["a", "b"],
                here: ["a"]
            ),
            Case(testDescription: "none", endpoints: ["a here down", "b there down"]),
        ]
    )
    func lists(_ example: Case) throws {
        let endpoints = example.endpoints.enumerated().map { endpoint($1, $0 + 1) }
        let selection = EndpointSelection(
            ServicePort(name: "http", .tcp, try port(80)),
            .v4,
            in: [try slice("web-a", of: "web", endpoints)],
            for: SelectingNode(name: "here", zone: "z1")
        )
        func names(_ addresses: [EndpointAddress]) -> [String] {
            endpoints.filter { endpoint in addresses.contains { $0.address == endpoint.address } }.compactMap(\.podName)
        }
        #expect(names(selection.chosen(for: .everywhere)) == example.everywhere)
        #expect(names(selection.chosen(for: .here)) == example.here)
        #expect(selection.hasAny == !(example.everywhere + example.here).isEmpty)
    }
}
