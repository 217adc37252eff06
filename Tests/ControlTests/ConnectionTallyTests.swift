import Addressing
import Control
import Testing

@Suite("Connections summed up over time")
struct ConnectionTallyTests {
    private let vip = "10.96.14.20:80/tcp"
    private let nodePort = "192.0.2.2:30080/tcp"

    private func view(_ counts: (first: UInt64, second: UInt64)) throws -> KernelView {
        try KernelPicture.empty()
            .leading(vip, "default/web:http", to: ["10.11.23.2:80"], connections: counts.first)
            .leading(nodePort, "default/web:http", to: ["10.11.23.2:80"], connections: counts.second)
            .view
    }

    private func counts(_ tally: ConnectionTally) -> [String] {
        tally.services.map { "\($0.namespace)/\($0.service):\($0.portName)/\($0.transport.rawValue) \($1)" }
            + tally.endpoints.map { "\($0.address) \($1)" }
    }

    @Test("all addresses of a service count together, and what began anew adds up")
    func sums() throws {
        var tally = ConnectionTally()
        tally.take(try view((5, 2)))
        #expect(counts(tally) == ["default/web:http/tcp 7", "10.11.23.2:80 7"])
        tally.take(try view((6, 2)))
        #expect(counts(tally) == ["default/web:http/tcp 8", "10.11.23.2:80 8"])
        // The first one's element was replaced, and has counted one connection since.
        tally.take(try view((1, 2)))
        #expect(counts(tally) == ["default/web:http/tcp 9", "10.11.23.2:80 9"])
    }

    @Test("a connection to an endpoint counts for the service though the service's element began anew")
    func counterOfTheFrontendLost() throws {
        var tally = ConnectionTally()
        let picture = try KernelPicture.empty()
            .leading(vip, "default/web:http", to: ["10.11.23.2:80"], connections: 3, passed: 0)
        tally.take(picture.view)
        #expect(counts(tally) == ["default/web:http/tcp 3", "10.11.23.2:80 3"])
    }

    @Test("what the kernel no longer has is forgotten")
    func forgets() throws {
        var tally = ConnectionTally()
        tally.take(try view((5, 2)))
        tally.take(KernelPicture.empty().view)
        #expect(counts(tally).isEmpty)
        tally.take(try view((1, 0)))
        #expect(counts(tally) == ["default/web:http/tcp 1", "10.11.23.2:80 1"])
    }
}
