import Addressing
import FakeAPIServer
import KubernetesClient
import ServiceProxy
import Testing

@Suite("A client and a server that misbehaves")
struct ScenarioTests {
    private static let web = Written.service("web", "10.96.0.1", at: 5)
    private static let api = Written.service("api", "10.96.0.2", at: 6)
    private static let truth = ["api 10.96.0.2:80", "web 10.96.0.1:80"]
    private static let good = [Act].answer(200, Written.list([web, api], at: 10))

    struct Script: CustomTestStringConvertible {
        let testDescription: String
        /// What the first requests for the list get; the rest gets the truth.
        let answers: [[Act]]

        init(_ name: String, _ answers: [Act]...) {
            testDescription = name
            self.answers = answers
        }
    }

    private static let firstPage = [Act].answer(200, Written.list([web], at: 9, continuation: "t1"))
    private static let cutOff = String(Written.list([web, api], at: 10).dropLast(30))

    private static let json = "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 9999"
    private static let slowly = [Act.trickle([UInt8]("\(json)\r\n\r\n{".utf8), every: .milliseconds(300))]

    private static let listScripts: [Script] = [
        Script("nothing"),
        Script("HTML with 200", .answer(200, "<html><body>maintenance</body></html>", ["Content-Type: text/html"])),
        Script("JSON that ends early", .answer(200, cutOff)),
        Script("a body shorter than announced", .raw(json, cutOff, then: .close)),
        Script("another kind", .answer(200, Written.list([], at: 10, kind: "EndpointSlice"))),
        Script("no body", .answer(200, "")),
        Script("500", .refusal(500, "InternalError")),
        Script("503", .answer(503, "upstream connect error", ["Content-Type: text/plain"])),
        Script("429 with Retry-After", .refusal(429, "TooManyRequests", headers: ["Retry-After: 1"])),
        Script("401", .refusal(401, "Unauthorized")),
        Script("a closed connection", [.close]),
        Script("an expired token for the next page", firstPage, .refusal(410, "Expired", "continue is too old")),
        Script("an unknown token for the next page", firstPage, .refusal(400, "BadRequest", "continue is not valid")),
        Script("a page that is lost", firstPage, [.close], .answer(200, Written.list([api], at: 10))),
        Script("a byte now and then", slowly),
        Script("silence", [.hang]),
        Script("silence in the middle", .raw(json, "{", then: .hang)),
        Script("a redirect", .answer(302, "", ["Location: http://127.0.0.1:1/evil"])),
    ]

    @Test("whatever a list meets, nothing is told before all of it, and in the end the truth", arguments: listScripts)
    func lists(_ script: Script) async throws {
        let server = try await scripted(list: { _, turn in
            turn < script.answers.count ? script.answers[turn] : Self.good
        })
        let seen = try await follow(server) { $0.delivery == .complete && $0.problem == nil }
        #expect(seen.services == Self.truth)
        #expect(seen.slices.count == 9)
    }

    private static let changed = Written.event("MODIFIED", Written.service("web", "10.96.0.9", at: 12))
    private static let gone = Written.event("DELETED", Written.service("api", "10.96.0.2", at: 13))
    private static let after = ["web 10.96.0.9:80"]

    private static let older = Written.event("MODIFIED", Written.service("web", "10.9.9.9", at: 4))
    private static let moved = Written.event("MOVED", web)
    private static let pod = Written.event(
        "ADDED",
        #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"x","resourceVersion":"12"}}"#
    )
    private static let expired = Written.event("ERROR", [Act].status(410, "Expired", "too old resource version"))
    private static let internalError = Written.event("ERROR", [Act].status(500, "InternalError"))

    private static let watchScripts: [Script] = [
        Script("nothing", .open(changed, gone)),
        Script("doubled events", .open(changed, changed, gone, gone)),
        Script("a bookmark", .open(changed, Written.bookmark(12), gone)),
        Script("the end of its time", .ended(changed), .open(gone)),
        Script("410 as status", .refusal(410, "Expired", "too old resource version: 1 (257)")),
        Script("410 as event", .open(expired)),
        Script("500 as event", .ended(changed, internalError), .open(gone)),
        Script("a cut in the middle of an event", .broken(changed, cut: gone.prefix(50)), .open(gone)),
        Script("an end in the middle of an event", .ended(changed, cut: gone.prefix(50)), .open(gone)),
        Script("history that turns back", .open(older)),
        Script("nonsense", .open(changed, "{]"), .open(gone)),
        Script("an unknown type", .open(moved), .open(changed, gone)),
        Script("another kind", .open(pod), .open(changed, gone)),
        Script("503", .refusal(503, "ServiceUnavailable"), .open(changed, gone)),
        Script("a connection that is half open", .open(changed), .open(gone)),
    ]

    @Test("whatever a watch meets, in the end the truth", arguments: watchScripts)
    func watches(_ script: Script) async throws {
        // A new list tells the end of the story.
        let end = [Act].answer(200, Written.list([Written.service("web", "10.96.0.9", at: 12)], at: 20))
        let server = try await scripted(
            list: { _, turn in turn == 0 ? Self.good : end },
            watch: { _, turn in turn < script.answers.count ? script.answers[turn] : .stream([]) + [.hang] }
        )
        let seen = try await follow(server) { $0.delivery == .complete && $0.services == Self.after }
        #expect(seen.slices.count == 9)
        #expect(!seen.services.contains { $0.contains("10.9.9.9") })
    }

    @Test("the recorded WatchList leads to the same state as the recorded list")
    func watchList() async throws {
        let recorded = try recording("watchlist-services")
        let list = try recording("list-services-proxy-selector")
        let one = try await scripted(
            knowsInitialEvents: true,
            list: { _, _ in .refusal(500, "nobody asks for it") },
            watch: { _, _ in .stream(recorded.lines) + [.hang] }
        )
        let other = try await scripted(list: { _, _ in list.acts(chunks: 10) })
        let first = try await follow(one) { $0.delivery == .complete }
        let second = try await follow(other) { $0.delivery == .complete }
        #expect(first.table.services == second.table.services)
        #expect(first.services.count == 9)
        #expect(!one.requests.contains { $0.path == "/api/v1/services" && $0.parameter("watch") == nil })
    }

    @Test("recorded events follow the recorded list")
    func recordedEvents() async throws {
        let list = try recording("list-services-proxy-selector")
        let events = try recording("watch-services-labelselector").lines
        let server = try await scripted(
            list: { _, _ in list.acts() },
            watch: { _, _ in .stream(Array(events.prefix(2))) + [.hang] }
        )
        let seen = try await follow(server) { $0.services.contains("new 10.106.26.75:81") }
        #expect(seen.services.count == 10)
    }

    @Test("a list without anything keeps what was there and says so")
    func emptyRelist() async throws {
        let server = try await scripted(
            list: { _, turn in turn == 0 ? Self.good : .answer(200, Written.list([], at: 99)) },
            watch: { _, turn in turn == 0 ? .refusal(410, "Expired") : .stream([]) + [.hang] }
        )
        let seen = try await follow(server) { $0.delivery == .partial }
        #expect(seen.services == Self.truth)
        #expect(seen.problem?.contains("no services at all") == true)
    }

    @Test("while the server is away everything stays, and it is said why")
    func away() async throws {
        let server = try await scripted(
            list: { _, _ in Self.good },
            watch: { _, turn in turn < 3 ? [.close] : .stream([Self.changed]) + [.hang] }
        )
        let seen = try await follow(server) { $0.services.contains("web 10.96.0.9:80") }
        #expect(seen.services.count == 2)
        #expect(seen.problems.contains { $0.hasPrefix("services: ") })
    }

    @Test("requests and what they show")
    func requests() async throws {
        let server = try await scripted(list: { _, _ in Self.good })
        _ = try await follow(server) { $0.delivery == .complete }
        let request = try #require(
            server.requests.first { $0.path == "/api/v1/services" && $0.parameter("watch") == nil }
        )
        #expect(request.method == "GET")
        #expect(request.headers["accept"] == "application/json")
        #expect(request.headers["authorization"] == nil)
        #expect(
            request.parameter("labelSelector")
                == "%21service.kubernetes.io%2Fservice-proxy-name%2C%21service.kubernetes.io%2Fheadless"
        )
        #expect(request.parameter("resourceVersion") == "0")
    }
}
