import Control
import FoundationEssentials
import Testing

@Suite("Values on the wire and on the screen")
struct ValueTests {
    @Test(
        "times read back",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (1_795_000_000, "2026-11-18T11:06:40Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] as [(Int64, String)]
    )
    func time(_ seconds: Int64, _ text: String) {
        #expect(Timestamp(secondsSinceEpoch: seconds).description == text)
        #expect(Timestamp(text)?.secondsSinceEpoch == seconds)
    }

    @Test("every day of four centuries reads back")
    func calendar() {
        let days = stride(from: Int64(0), to: 146_097 * 86_400, by: 86_400)
        #expect(days.allSatisfy { Timestamp(Timestamp(secondsSinceEpoch: $0).description)?.secondsSinceEpoch == $0 })
    }

    @Test(
        "fractions are dropped, anything else is refused",
        arguments: [
            ("2026-11-18T11:06:40.123456Z", 1_795_000_000 as Int64?), ("2026-11-18T11:06:40+01:00", nil),
            ("2026-11-18", nil),
            ("2026-13-18T11:06:40Z", nil), ("2026-11-18T24:06:40Z", nil), ("2026-11-18 11:06:40Z", nil), ("", nil),
            ("2026-1a-18T11:06:40Z", nil),
        ]
    )
    func foreignTime(_ text: String, _ seconds: Int64?) {
        #expect(Timestamp(text)?.secondsSinceEpoch == seconds)
    }

    @Test("a time that is none is an error of the document")
    func badTime() {
        #expect(throws: DecodingError.self) { try ControlCoding.decode([Timestamp].self, from: Data(#"["now"]"#.utf8)) }
    }

    @Test(
        "ages",
        arguments: [
            (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (252, "4m12s"), (3_600, "1h"), (11_100, "3h5m"),
            (172_800, "2d"), (187_200, "2d4h"), (777_600, "9d"),
        ] as [(Int64, String)]
    )
    func ages(_ seconds: Int64, _ text: String) {
        #expect(Age.text(seconds: seconds) == text)
    }

    @Test("a list reads back as it was written")
    func roundTrip() throws {
        let list = Envelope(metadata: Picture.provenance(kernel: .notAsked).metadata, items: Picture.desired)
        #expect(try ControlCoding.decode(EndpointList.self, from: ControlCoding.encode(list)) == list)
    }

    @Test("what is missing from the daemon's answer is missing from ours")
    func partial() throws {
        var answer = Picture.provenance(kernel: .notAsked).metadata
        #expect(!Picture.provenance(.answered(answer), kernel: .notAsked).metadata.partial)
        answer.partial = true
        answer.warnings = ["web.yaml is broken"]
        let metadata = Picture.provenance(.answered(answer), kernel: .unreadable("denied")).metadata
        #expect(metadata.partial)
        #expect(metadata.warnings == ["web.yaml is broken", "denied"])
        answer.warnings = []
        #expect(Picture.provenance(.answered(answer), kernel: .notAsked).metadata.partial)
    }

    @Test("states and fields that this version does not know do not stop it")
    func newer() throws {
        let json = #"""
            {"apiVersion":"netctl/v1","kind":"EndpointList","new":1,
             "metadata":{"node":"n","generatedAt":"2026-11-18T11:06:40Z","sources":["daemon"],"partial":false,"warnings":[]},
             "items":[{"namespace":"a","service":"b","portName":"","protocol":"tcp","vip":"10.0.0.1","port":80,
                       "state":"resting","weight":3}]}
            """#
        let list = try ControlCoding.decode(EndpointList.self, from: Data(json.utf8))
        #expect(list.items.first?.state == EndpointState(rawValue: "resting"))
        #expect(list.items.first?.endpoint == nil)
    }

    @Test(
        "requests",
        arguments: [
            (ControlAPI.target(.endpoints), "/v1/endpoints"),
            (ControlAPI.target(.status, after: Revision(418)), "/v1/status?after=418"),
            (ControlAPI.target(.status, after: Revision(418, of: "4711-9f")), "/v1/status?after=418&run=4711-9f"),
        ]
    )
    func target(_ target: String, _ expected: String) {
        #expect(target == expected)
    }

    @Test(
        "columns count what a terminal shows",
        arguments: [
            ("web", 3), ("80→80", 5), ("…", 1), ("e\u{301}", 1), ("日本", 4), ("🟢", 2), ("", 0),
        ]
    )
    func width(_ text: String, _ width: Int) {
        #expect(DisplayWidth.of(text) == width)
    }

    @Test("columns line up under wide characters, and no line ends in spaces")
    func alignment() {
        let table = TextTable(
            columns: ["A", "B", "C"],
            rows: [[Cell("日本"), Cell("x"), Cell("")], [Cell("y"), Cell(""), Cell("z")]]
        )
        #expect(table.lines(headings: true, .none) == ["A     B  C", "日本  x", "y        z"])
        #expect(table.lines(headings: false, .none) == ["日本  x", "y        z"])
    }

    @Test("a name cannot command the terminal")
    func control() {
        #expect(Cell("a\u{1b}[2Jb\n\u{9b}c").text == "a?[2Jb??c")
    }

    @Test(
        "a daemon is healthy when it has seen the kernel as it wants it",
        arguments: [
            Health("all there") { _ in },
            Health("a table not there", isHealthy: false) { $0.items[0].tables[0].present = false },
            Health("nothing had to be changed") { $0.items[0].lastSync = nil },
            Health("never synced", isHealthy: false) { $0.metadata.syncedAt = nil },
            Health("source gone", isHealthy: false) { $0.items[0].source.problem = "gone" },
            Health("source not read yet", isHealthy: false) { $0.items[0].source.isComplete = false },
        ]
    )
    func health(_ test: Health) {
        var status = StatusPicture.status
        status.tables.removeLast()
        var list = StatusList(metadata: Picture.provenance(kernel: .notAsked).metadata, items: [status])
        test.change(&list)
        #expect(list.isHealthy == test.isHealthy)
    }

    struct Health: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let isHealthy: Bool
        let change: @Sendable (inout StatusList) -> Void

        init(_ sentence: String, isHealthy: Bool = true, _ change: @escaping @Sendable (inout StatusList) -> Void) {
            testDescription = sentence
            self.isHealthy = isHealthy
            self.change = change
        }
    }
}
