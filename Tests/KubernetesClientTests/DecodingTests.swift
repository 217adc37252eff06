import Addressing
import FakeAPIServer
import KubernetesClient
import ServiceProxy
import Testing

@Suite("Taking answers apart")
struct DecodingTests {
    private func scan(
        _ text: String,
        _ resource: Resource = .services,
        pieces size: Int = 7
    ) throws -> (names: [String], version: String, continuation: String?) {
        let decoder = ObjectDecoder(resource)
        var scanner = ListScanner()
        var names: [String] = []
        for piece in pieces(text, of: size) {
            try scanner.take(piece) { (item) throws(MalformedAnswer) in names.append(try decoder.item(item).key.name) }
                .get()
        }
        let envelope = try decoder.head(try scanner.finish())
        return (names, "\(envelope.version)", envelope.continuation)
    }

    @Test("recorded lists give their items however they are cut", arguments: [1, 2, 3, 64, 1000, 1 << 20])
    func lists(_ size: Int) throws {
        let services = try scan(recording("list-services-proxy-selector").body, pieces: size)
        #expect(
            services.names
                == ["ext", "extname", "headless", "itp", "kubernetes", "lb", "np", "sticky", "web"]
        )
        #expect(services.version == "238")
        let slices = try scan(recording("list-endpointslices").body, .endpointSlices, pieces: size)
        #expect(slices.names.count == 9)
        #expect(try scan(recording("list-services-page1").body, pieces: size).continuation?.hasPrefix("eyJ2") == true)
    }

    @Test("recorded objects are taken; none is refused")
    func contents() throws {
        let decoder = ObjectDecoder(.services)
        for line in try recording("watchlist-services").lines {
            switch try decoder.event(Array(line.utf8)) {
            case .added(let object):
                guard case .service = object.content else {
                    Issue.record("\(object)")
                    continue
                }
            case .bookmark(let version, let ends):
                #expect(ends)
                #expect("\(version)" == "257")
            case let other: Issue.record("\(other)")
            }
        }
    }

    @Test("node and ranges are read")
    func facts() throws {
        let node = try ObjectDecoder(.node("node1")).item(Array(recording("get-node").body.utf8))
        guard case .node(let facts) = node.content else { throw MalformedAnswer("no node") }
        #expect(facts.name == "node1")
        #expect(facts.zone == "zone-a")
        #expect(facts.podCIDRs.map(\.description) == ["10.11.23.0/24"])
        #expect(facts.addresses.map(\.description) == ["10.200.0.2"])
        #expect(facts.taints == ["node.kubernetes.io/not-ready"])
        #expect(!facts.isUnschedulable && !facts.isBeingDeleted)
        var ranges: [WatchedObject.Content] = []
        var scanner = ListScanner()
        let decoder = ObjectDecoder(.serviceCIDRs)
        try scanner.take(Array(recording("list-servicecidrs").body.utf8)) { (item) throws(MalformedAnswer) in
            ranges.append(try decoder.item(item).content)
        }.get()
        guard case .serviceCIDR(let range) = try #require(ranges.first) else { throw MalformedAnswer("no range") }
        #expect(range.cidrs.map(\.description) == ["10.96.0.0/12"])
        #expect(range.isReady)
    }

    @Test(
        "what is no list of the resource is refused",
        arguments: [
            ("<html><body>503</body></html>", "it begins with '<'"),
            ("", "cut off"),
            (
                #"{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{"a":1"#,
                "cut off"
            ),
            (Written.list([], at: 5, kind: "EndpointSlice"), "not v1/ServiceList"),
            (#"{"kind":"ServiceList","apiVersion":"v1","metadata":{},"items":[]}"#, "no resourceVersion"),
            (#"{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[1]}"#, "no object"),
            (#"{"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{}]}"#, "no name"),
            (Written.list([], at: 5) + "{", "something follows"),
            (String(repeating: #"{"a":"#, count: 200), "128 levels"),
            (
                Written.list(
                    [#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","resourceVersion":"1"}}"#],
                    at: 5
                ),
                "v1/Pod, not v1/Service"
            ),
        ]
    )
    func malformed(_ text: String, _ says: String) {
        let error = #expect(throws: MalformedAnswer.self) { try scan(text) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "nothing")")
    }

    @Test("texts with brackets, quotes and the word items in them mislead nobody")
    func trickyTexts() throws {
        let object =
            #"{"metadata":{"name":"a","resourceVersion":"1","annotations":{"x":"}]\"{[","items":"["}},"spec":{}}"#
        let list =
            #"{"items2":[[]],"x":"items","kind":"ServiceList","apiVersion":"v1","#
            + #""metadata":{"resourceVersion":"9","items":[{}]}, "items" : [ \#(object) , \#(object) ] }"# + "\n"
        for size in 1...9 { #expect(try scan(list, pieces: size).names == ["a", "a"]) }
    }

    @Test("an item that is too large is refused before all of it has come")
    func hugeItem() {
        let text = #"{"items":[{"a":""# + String(repeating: "x", count: ListScanner.itemLimit + 10)
        #expect(throws: MalformedAnswer.self) { try scan(text, pieces: 100_000) }
        #expect(throws: MalformedAnswer.self) { try scan(#"{"a":""# + String(repeating: "x", count: 70_000)) }
        var lines = LineSplitter()
        #expect(throws: MalformedAnswer.self) {
            try lines.take([UInt8](repeating: 120, count: LineSplitter.lineLimit + 1))
        }
    }

    @Test("recorded watches give their events however they are cut", arguments: [1, 5, 999, 1 << 20])
    func watches(_ size: Int) throws {
        let decoder = ObjectDecoder(.endpointSlices)
        var splitter = LineSplitter()
        var events: [WatchEvent] = []
        for piece in pieces(try recording("watch-endpointslices").body, of: size) {
            events += try splitter.take(piece).map { try decoder.event($0) }
        }
        #expect(!splitter.isCut)
        let kinds = events.map { event in
            switch event {
            case .added: "ADDED"
            case .modified: "MODIFIED"
            case .deleted: "DELETED"
            case .bookmark: "BOOKMARK"
            case .error: "ERROR"
            }
        }
        #expect(kinds == ["ADDED", "MODIFIED", "MODIFIED", "DELETED", "BOOKMARK", "BOOKMARK"])
    }

    @Test("an object that is wrong is refused by itself, with its field")
    func refusedObject() throws {
        let wrong = Written.event(
            "ADDED",
            #"{"kind":"Service","apiVersion":"v1","metadata":{"name":"a","namespace":"n","resourceVersion":"7"},"#
                + #""spec":{"clusterIP":"10.96.0.1","ports":[{"port":"x"}]}}"#
        )
        guard case .added(let object) = try ObjectDecoder(.services).event(Array(wrong.utf8)),
            case .refused(let rejection) = object.content
        else { throw MalformedAnswer("not refused") }
        #expect(rejection.field == "spec.ports[0].port")
        #expect(rejection.object.description == "Service n/a")
    }

    @Test("an ERROR event is read as its Status", arguments: [410, 500])
    func errorEvent(_ code: Int) throws {
        let line = Written.event("ERROR", Act.status(code))
        guard case .error(let status) = try ObjectDecoder(.services).event(Array(line.utf8)) else {
            throw MalformedAnswer("no error")
        }
        #expect(status.code == code)
        #expect(status.isExpired == (code == 410))
    }

    @Test(
        "refusals are read",
        arguments: ["unauthorized", "forbidden-anonymous", "not-found", "list-services-bad-continue"]
    )
    func refusals(_ name: String) throws {
        let recording = try recording(name)
        let status = try #require(ObjectDecoder.status(Array(recording.body.utf8)))
        #expect(status.code == recording.status)
        #expect(ObjectDecoder.status(Array("<html>".utf8)) == nil)
    }
}

extension Act {
    /// A Status object.
    fileprivate static func status(_ code: Int) -> String {
        [Act].status(code, code == 410 ? "Expired" : "InternalError")
    }
}
