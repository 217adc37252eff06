import Addressing
import Control
import Testing

@Suite("What an endpoint's row says about the kernel")
struct EndpointJoinTests {
    /// One endpoint wanted behind one frontend, and what the kernel has.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var state = EndpointState.ready
        var isApplied = true
        let kernel: @Sendable (KernelPicture) throws -> KernelPicture
        let expected: KernelState
        var reason: String?

        init(
            _ sentence: String,
            state: EndpointState = .ready,
            isApplied: Bool = true,
            _ expected: KernelState,
            _ reason: String? = nil,
            kernel: @escaping @Sendable (KernelPicture) throws -> KernelPicture
        ) {
            testDescription = sentence
            self.state = state
            self.isApplied = isApplied
            self.kernel = kernel
            self.expected = expected
            self.reason = reason
        }
    }

    @Test(
        "one endpoint wanted",
        arguments: [
            Case("there", .ok) { try $0.leading(vip, "default/web", to: [pod]) },
            Case("there, second of two", .ok) { try $0.leading(vip, "default/web", to: ["10.11.23.9:80", pod]) },
            Case("frontend not there", .missing, "applied in gen 418, not in map frontends") { $0 },
            Case("endpoint not there", .missing, "applied in gen 418, not in map endpoints") {
                try $0.leading(vip, "default/web", to: ["-"])
            },
            Case("another port of the same address", .missing, "applied in gen 418, not in map endpoints") {
                try $0.leading(vip, "default/web", to: ["10.11.23.2:81"])
            },
            Case("behind the end", .missing, "applied in gen 418, never drawn: index 1 of 1") {
                try $0.leading(vip, "default/web", to: ["10.11.23.9:80", pod], count: 1)
            },
            Case("no table at all", .missing, "applied in gen 418, no table ip podnet") { _ in KernelPicture() },
            Case("not yet applied", isApplied: false, .missing, "in desired gen 418, not applied, not in map frontends")
            { $0 },
        ]
    )
    func wanted(_ test: Case) throws {
        let row = try Self.row(test)
        #expect(row.kernel?.state == test.expected)
        #expect(row.reason == test.reason)
    }

    @Test(
        "one endpoint known, none wanted",
        arguments: [
            Case("rejected", state: .notReady, .reject) { try $0.withVIP(vip, "default/web") },
            Case("still there", state: .notReady, .stale, "still in map endpoints (index 0)") {
                try $0.leading(vip, "default/web", to: [pod])
            },
            Case("not even rejected", state: .notReady, .missing, "not in set cluster-ips: clients are not refused") {
                $0
            },
            Case("leads elsewhere", state: .notReady, .missing, "not refused: leads to another endpoint") {
                try $0.leading(vip, "default/web", to: ["10.11.23.9:80"])
            },
            Case("no table at all: the family is switched off", state: .notReady, .absent) { _ in KernelPicture() },
        ]
    )
    func unwanted(_ test: Case) throws {
        let row = try Self.row(test)
        #expect(row.kernel?.state == test.expected)
        #expect(row.reason == test.reason)
    }

    @Test("an endpoint that is not ready is rightly absent while another serves")
    func absent() throws {
        let rows = EndpointJoin.rows(
            desired: [
                Picture.item("web", Self.vip, Self.pod), Picture.item("web", Self.vip, "10.11.23.5:80", .notReady),
            ],
            generation: 418,
            kernel: .view(try KernelPicture.empty().leading(Self.vip, "default/web", to: [Self.pod]).view)
        )
        #expect(rows.map(\.kernel?.state) == [.ok, .absent])
        #expect(rows.allSatisfy { !$0.isProblem })
    }

    @Test("of two services that claim one frontend and share an endpoint only one has it")
    func clash() throws {
        var loser = Picture.item("cache", Self.vip, Self.pod, .invalid, "belongs to default/web")
        loser.desired?.ready = true
        let rows = EndpointJoin.rows(
            desired: [loser, Picture.item("web", Self.vip, Self.pod)],
            generation: 418,
            kernel: .view(try KernelPicture.empty().leading(Self.vip, "default/web", to: [Self.pod]).view)
        )
        #expect(rows.map(\.service) == ["cache", "web"])
        #expect(rows.map(\.kernel?.state) == [.absent, .ok])
        #expect(rows.map(\.reason) == ["belongs to default/web", nil])
    }

    @Test("what nobody wants is shown with the name that the kernel knows")
    func stranger() throws {
        let picture = try KernelPicture.empty().leading("10.96.9.9:80/tcp", "ns/old:http", to: ["10.11.23.8:80"])
        let rows = EndpointJoin.rows(desired: [], generation: 7, kernel: .view(picture.view))
        #expect(rows.map(\.service) == ["old"])
        #expect(rows.first?.namespace == "ns")
        #expect(rows.first?.portName == "http")
        #expect(rows.first?.state == .undesired)
        #expect(rows.first?.kernel?.state == .stale)
        #expect(rows.first?.reason == "in map endpoints (index 0), not desired")
    }

    @Test("a virtual IP that is only rejected, and wanted by nobody, is stale")
    func strangeVIP() throws {
        let picture = try KernelPicture.empty().withVIP("10.96.9.9", "ns/old")
        let rows = EndpointJoin.rows(desired: [], generation: 7, kernel: .view(picture.view))
        #expect(rows.map(\.identity) == ["endpoint/ns/old/10.96.9.9/none"])
        #expect(rows.first?.kernel?.state == .stale)
    }

    @Test("without the kernel every verdict is unknown, and the daemon's reason stays")
    func unreadable() {
        let rows = EndpointJoin.rows(
            desired: Picture.desired,
            generation: 418,
            kernel: .unreadable("Operation not permitted")
        )
        #expect(rows.allSatisfy { $0.kernel?.state == .unknown })
        #expect(rows.compactMap(\.reason).count == 3)
    }

    @Test("IPv6 is looked for in its own table")
    func v6() throws {
        let item = Picture.item("web", "[fd00::20]:80/tcp", "[fd01::2]:80")
        let there = try KernelPicture.empty([.v4, .v6]).leading(
            "[fd00::20]:80/tcp",
            "default/web",
            to: ["[fd01::2]:80"]
        )
        #expect(
            EndpointJoin.rows(desired: [item], generation: 1, kernel: .view(there.view)).first?.kernel?.state == .ok
        )
        let rows = EndpointJoin.rows(desired: [item], generation: 1, kernel: .view(KernelPicture.empty([.v4]).view))
        #expect(rows.first?.reason == "applied in gen 418, no table ip6 podnet")
    }

    @Test("a count that makes no sense costs one row, not as many as it says", .timeLimit(.minutes(1)))
    func absurdCount() throws {
        let picture = try KernelPicture.empty().leading(Self.vip, "default/web", to: [Self.pod], count: 0xffff)
        let rows = EndpointJoin.rows(kernelOnly: picture.view)
        #expect(rows.map(\.kernel?.state) == [.missing, .ok])
        #expect(rows[0].reason == "65534 of 65535 indices lead nowhere (first 1): those connections are dropped")
    }

    @Test("a number that no chain has is said to lead nowhere")
    func strayNumber() throws {
        let picture = try KernelPicture.empty().leading(Self.vip, "default/web", to: [Self.pod], count: Int(UInt32.max))
        let rows = EndpointJoin.rows(kernelOnly: picture.view)
        #expect(rows.map(\.kernel?.state) == [.missing, .stale])
        #expect(rows[0].reason == "leads to chain number 4294967295, which is none: connections are dropped")
    }

    @Test("with session affinity endpoints have the indices that lead to them")
    func affinity() throws {
        let endpoints = [Self.pod, "10.11.23.3:80", "10.11.23.9:80"]
        let picture = try KernelPicture.empty().keeping(Self.vip, "default/web", to: endpoints, count: 2)
        let rows = EndpointJoin.rows(kernelOnly: picture.view)
        #expect(rows.map(\.kernel?.state) == [.ok, .ok, .stale])
        #expect(rows.map(\.kernel?.index) == [0, 1, nil])
        #expect(rows[2].reason == "never drawn: no index leads there")
        let stranger = try KernelPicture.empty().keeping(Self.vip, "default/web", to: endpoints, count: 3)
        let item = Picture.item("web", Self.vip, Self.pod, .ready, isApplied: true)
        let joined = EndpointJoin.rows(desired: [item], generation: 1, kernel: .view(stranger.view))
        #expect(joined.map(\.kernel?.state) == [.ok, .stale, .stale])
        #expect(joined[1].reason == "in map endpoints (index 1), not desired")
    }

    @Test("the kernel alone tells of endpoints, gaps, leftovers and rejected addresses")
    func kernelOnly() throws {
        let picture = try KernelPicture.empty()
            .leading(Self.vip, "default/web", to: [Self.pod, "-", "10.11.23.9:80"], count: 2)
            .withVIP("10.96.0.7", "default/db")
        let rows = EndpointJoin.rows(kernelOnly: picture.view)
        #expect(rows.map(\.service) == ["db", "web", "web", "web"])
        #expect(rows.map(\.kernel?.state) == [.reject, .missing, .ok, .stale])
        #expect(rows.map(\.state) == [.noEndpoints, .unknown, .unknown, .unknown])
        #expect(rows[1].reason == "1 of 2 indices lead nowhere (first 1): those connections are dropped")
        #expect(rows[3].reason == "never drawn: index 2 of 2")
    }

    private static let vip = "10.96.14.20:80/tcp"
    private static let pod = "10.11.23.2:80"

    private static func row(_ test: Case) throws -> EndpointItem {
        let item = Picture.item("web", vip, pod, test.state, isApplied: test.isApplied)
        let view = try test.kernel(.empty()).view
        let rows = EndpointJoin.rows(desired: [item], generation: 418, kernel: .view(view))
        return try #require(rows.first { $0.desired != nil })
    }
}
