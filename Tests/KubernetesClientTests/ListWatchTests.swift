import KubernetesClient
import ServiceProxy
import Testing

@Suite("List and watch")
struct ListWatchTests {
    private typealias Request = ListWatch.Request

    private func version(_ number: Int) throws -> ResourceVersion { try #require(ResourceVersion("\(number)")) }

    /// Watches from version 10, with the objects a and b.
    private func watching(_ takesInitialEvents: Bool = true) throws -> ListWatch {
        var machine = ListWatch(seed: 1)
        var step = machine.start()
        if takesInitialEvents {
            for name in ["a", "b"] { #expect(try machine.take(.added(WatchedObject(name, at: 3))) == nil) }
            _ = try machine.take(.bookmark(version(10), endsInitialEvents: true))
        } else {
            step = machine.fail(.refused(APIStatus(code: 422), retryAfter: nil), at: .zero)
            #expect(step.request == .list(.any, continuation: nil, limit: 500))
            #expect(machine.problem == nil, "an older server is no trouble")
            step = try machine.take(
                [WatchedObject("a", at: 3), WatchedObject("b", at: 4)],
                version: version(10),
                continuation: nil
            ).next
            #expect(step.request.target(.services).contains("&resourceVersion=10"))
        }
        #expect(machine.isWatching)
        return machine
    }

    @Test("what is asked is what an API server understands")
    func targets() throws {
        let services =
            "/api/v1/services?labelSelector=%21service.kubernetes.io%2Fservice-proxy-name"
            + "%2C%21service.kubernetes.io%2Fheadless"
        let slices = "/apis/discovery.k8s.io/v1/endpointslices?labelSelector=%21service.kubernetes.io%2Fheadless"
        let stream = "&watch=1&allowWatchBookmarks=true&timeoutSeconds=300"
        let cases: [(Request, Resource, String)] = [
            (.list(.any, continuation: nil, limit: 500), .services, services + "&limit=500&resourceVersion=0"),
            (.list(.newest, continuation: nil, limit: nil), .endpointSlices, slices),
            (
                .list(.notOlder(than: try version(7)), continuation: nil, limit: 500), .serviceCIDRs,
                "/apis/networking.k8s.io/v1/servicecidrs?limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan"
            ),
            (.list(.any, continuation: "a+/=", limit: 500), .services, services + "&limit=500&continue=a%2B%2F%3D"),
            (
                .initialEvents(since: nil, seconds: 300), .services,
                services + stream + "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
            ),
            (
                .watch(after: try version(9), seconds: 300), .node("n1"),
                "/api/v1/nodes?fieldSelector=metadata.name%3Dn1" + stream + "&resourceVersion=9"
            ),
        ]
        for (request, resource, target) in cases { #expect(request.target(resource) == target) }
    }

    @Test("initial events become one list, then every event a change")
    func initialEvents() throws {
        var machine = ListWatch(seed: 1)
        guard case .initialEvents(since: nil, let seconds) = machine.start().request else { throw MalformedAnswer("") }
        #expect((300...600).contains(seconds))
        #expect(try machine.take(.added(WatchedObject("b", at: 4))) == nil)
        #expect(try machine.take(.added(WatchedObject("a", at: 2))) == nil)
        #expect(try machine.take(.bookmark(version(5), endsInitialEvents: false)) == nil)
        #expect(machine.version == nil)
        let all = try machine.take(.bookmark(version(10), endsInitialEvents: true))
        #expect(all == .replace([try WatchedObject("a", at: 2), try WatchedObject("b", at: 4)]))
        #expect(machine.version == (try version(10)))
        let changed = try WatchedObject("a", at: 11, port: 81)
        #expect(try machine.take(.modified(changed)) == .put(changed))
        #expect(try machine.take(.modified(changed)) == .put(changed), "a doubled event")
        #expect(try machine.take(.deleted(WatchedObject("a", at: 12))) == .remove(try WatchedObject("a", at: 12)))
        #expect(try machine.take(.bookmark(version(20), endsInitialEvents: false)) == nil)
        let step = machine.end(after: .seconds(400), at: .zero)
        #expect(step.delay == .zero)
        #expect(step.request.target(.serviceCIDRs).hasSuffix("&resourceVersion=20"))
    }

    @Test("pages are put together and nothing is told before the last")
    func pages() throws {
        var machine = ListWatch(seed: 1)
        _ = machine.start()
        _ = machine.fail(.refused(APIStatus(code: 400), retryAfter: nil), at: .zero)
        let first = try machine.take([WatchedObject("a", at: 1)], version: version(10), continuation: "t1")
        #expect(first.changes.isEmpty)
        #expect(first.next.request == .list(.any, continuation: "t1", limit: 500))
        // A broken connection costs the page, not the list.
        let again = machine.fail(.unreachable("reset"), at: .zero)
        #expect(again.request == first.next.request)
        #expect(again.delay > .zero)
        let last = try machine.take([WatchedObject("b", at: 2)], version: version(10), continuation: nil)
        #expect(last.changes == [.replace([try WatchedObject("a", at: 1), try WatchedObject("b", at: 2)])])
        #expect(throws: ListWatchFailure.self, "a page nobody asked for") {
            try machine.take([], version: version(11), continuation: nil)
        }
    }

    @Test("a list that never ends is noticed")
    func endlessList() throws {
        var machine = ListWatch(seed: 1)
        _ = machine.start()
        _ = machine.fail(.refused(APIStatus(code: 400), retryAfter: nil), at: .zero)
        _ = try machine.take([], version: version(10), continuation: "t")
        #expect(throws: ListWatchFailure.malformed(MalformedAnswer("the list has no end"))) {
            try machine.take([], version: version(10), continuation: "t")
        }
    }

    struct Trouble: CustomTestStringConvertible {
        let testDescription: String
        let failure: ListWatchFailure
        /// What is asked next: a part of its target.
        let asks: String
        let waits: ClosedRange<Double>

        init(_ name: String, _ failure: ListWatchFailure, asks: String, waits: ClosedRange<Double>) {
            testDescription = name
            self.failure = failure
            self.asks = asks
            self.waits = waits
        }
    }

    private static func refused(_ code: Int, _ reason: String = "", after seconds: Int? = nil) -> ListWatchFailure {
        .refused(APIStatus(code: code, reason: reason), retryAfter: seconds.map { .seconds($0) })
    }

    private static let first = 0.8...1.6

    @Test(
        "trouble in a watch",
        arguments: [
            Trouble("410", refused(410, "Expired"), asks: "resourceVersion=10&sendInitialEvents=true", waits: 0...0),
            Trouble("410 by reason alone", refused(0, "Gone"), asks: "10&sendInitialEvents=true", waits: 0...0),
            Trouble("429, Retry-After 7", refused(429, after: 7), asks: "X=&resourceVersion=10", waits: 7...7),
            Trouble(
                "429, Retry-After an hour",
                refused(429, after: 3600),
                asks: "X=&resourceVersion=10",
                waits: 60...60
            ),
            Trouble("429, Retry-After 0", refused(429, after: 0), asks: "X=&resourceVersion=10", waits: 1...1),
            Trouble("429", refused(429), asks: "X=&resourceVersion=10", waits: first),
            Trouble("500", refused(500), asks: "X=&resourceVersion=10", waits: first),
            Trouble("503", refused(503), asks: "X=&resourceVersion=10", waits: first),
            Trouble("403", refused(403), asks: "X=&resourceVersion=10", waits: first),
            Trouble("401", refused(401), asks: "X=&resourceVersion=10", waits: 0...0),
            Trouble("302", refused(302), asks: "X=&resourceVersion=10", waits: first),
            Trouble("400", refused(400), asks: "resourceVersion=10&sendInitialEvents=true", waits: first),
            Trouble("connection refused", .unreachable(""), asks: "X=&resourceVersion=10", waits: first),
            Trouble("silence", .silent, asks: "X=&resourceVersion=10", waits: first),
            Trouble("nonsense", .malformed(MalformedAnswer("")), asks: "X=&resourceVersion=10", waits: first),
        ]
    )
    func watchTrouble(_ trouble: Trouble) throws {
        var machine = try watching()
        let step = machine.fail(trouble.failure, at: .zero)
        let target = Self.withoutTimeout(step.request.target(.serviceCIDRs))
        #expect(target.hasSuffix(trouble.asks) || target.contains(trouble.asks + "&"), "\(target)")
        #expect(trouble.waits.contains(step.delay / .seconds(1)), "\(step.delay)")
        #expect(machine.problem != nil)
        machine.accept()
        #expect(machine.problem == nil)
    }

    private static func withoutTimeout(_ target: String) -> String {
        target.split(separator: "&").map { $0.hasPrefix("timeoutSeconds=") ? "X=" : String($0) }.joined(separator: "&")
    }

    @Test("history that turns back leads to a list of the newest", arguments: [true, false])
    func backwards(_ byEvent: Bool) throws {
        var machine = try watching()
        let failure = #expect(throws: ListWatchFailure.self) {
            if byEvent {
                _ = try machine.take(.modified(WatchedObject("a", at: 9)))
            } else {
                _ = try machine.take(.bookmark(version(4), endsInitialEvents: false))
            }
        }
        let step = machine.fail(try #require(failure), at: .zero)
        #expect(step.delay == .zero)
        guard case .initialEvents(since: nil, _) = step.request else {
            Issue.record("\(step.request)")
            return
        }
        // What was known is still known; the list decides.
        _ = try machine.take(.added(WatchedObject("a", at: 3)))
        #expect(
            try machine.take(.bookmark(version(5), endsInitialEvents: true)) == .replace([WatchedObject("a", at: 3)])
        )
        #expect(machine.version == (try version(5)))
    }

    @Test("an expired list is asked for without a version, an expired page without a limit")
    func expiredLists() throws {
        var machine = try watching(false)
        let expired = Self.refused(410, "Expired")
        var step = machine.fail(expired, at: .zero)
        #expect(step.request == .list(.notOlder(than: try version(10)), continuation: nil, limit: 500))
        step = machine.fail(expired, at: .zero)
        #expect(step.request == .list(.newest, continuation: nil, limit: 500))
        #expect(step.delay > .zero, "twice in a row is no accident")
        step = try machine.take([], version: version(20), continuation: "t").next
        step = machine.fail(expired, at: .zero)
        #expect(step.request == .list(.newest, continuation: nil, limit: nil))
        step = try machine.take([WatchedObject("z", at: 20)], version: version(21), continuation: nil).next
        #expect(machine.isWatching)
    }

    @Test("a server that lags behind is asked for the newest")
    func tooLarge() throws {
        var machine = try watching(false)
        _ = machine.fail(Self.refused(410), at: .zero)
        let lagging = APIStatus(code: 504, reason: "Timeout", message: "Too large resource version: 10, current: 7")
        let step = machine.fail(.refused(lagging, retryAfter: .seconds(1)), at: .zero)
        #expect(step.request == .list(.newest, continuation: nil, limit: 500))
        #expect(throws: Never.self) { try machine.take([], version: version(7), continuation: nil) }
    }

    @Test("an older list than was asked for is not taken")
    func olderList() throws {
        var machine = try watching(false)
        _ = machine.fail(Self.refused(410), at: .zero)
        let failure = #expect(throws: ListWatchFailure.self) {
            try machine.take([], version: version(7), continuation: nil)
        }
        #expect(failure == .backwards(from: try version(10), to: try version(7)))
    }

    @Test("a server that sends no initial events is listed instead", arguments: [true, false])
    func noInitialEvents(_ isSilent: Bool) throws {
        var machine = ListWatch(seed: 1)
        _ = machine.start()
        var step: ListWatch.Step
        if isSilent {
            step = machine.fail(.silent, at: .zero)
        } else {
            step = machine.end(after: .seconds(5), at: .zero)
            guard case .initialEvents = step.request else { throw MalformedAnswer("once may be an accident") }
            step = machine.end(after: .seconds(5), at: .zero)
        }
        #expect(step.request == .list(.any, continuation: nil, limit: 500))
        // For good.
        step = try machine.take([], version: version(3), continuation: nil).next
        step = machine.fail(Self.refused(410), at: .zero)
        #expect(step.request == .list(.notOlder(than: try version(3)), continuation: nil, limit: 500))
    }

    @Test("a stream that ends at once and empty is a failure, any other end is none")
    func shortStreams() throws {
        var machine = try watching()
        _ = machine.end(after: .seconds(9), at: .zero)
        #expect(machine.end(after: .milliseconds(100), at: .zero).delay >= .milliseconds(800))
        _ = try machine.take(.bookmark(version(30), endsInitialEvents: false))
        #expect(machine.end(after: .milliseconds(100), at: .zero).delay == .zero)
        #expect(machine.end(after: .seconds(2), at: .zero).delay == .zero)
    }

    @Test("what fails again and again at one place is listed anew")
    func stubborn() throws {
        for failure in [ListWatchFailure.malformed(MalformedAnswer("")), Self.refused(500)] {
            var machine = try watching()
            var requests: [Request] = []
            for _ in 0..<4 { requests.append(machine.fail(failure, at: .zero).request) }
            #expect(requests.prefix(3).allSatisfy { if case .watch = $0 { true } else { false } })
            guard case .initialEvents(since: .some, _) = requests[3] else { throw MalformedAnswer("\(requests[3])") }
        }
    }

    @Test("no delay ever exceeds a minute, and trouble never ends in a busy loop", arguments: 0..<50)
    func random(_ seed: UInt64) throws {
        var dice = SeededDice(seed: seed)
        var machine = ListWatch(seed: seed)
        var now: Duration = .zero
        _ = machine.start()
        let failures: [ListWatchFailure] = [
            Self.refused(410), Self.refused(429, after: 1), Self.refused(500), Self.refused(401), Self.refused(400),
            Self.refused(404), .unreachable(""), .silent, .cut, .malformed(MalformedAnswer("")),
            .backwards(from: try version(2), to: try version(1)),
        ]
        for _ in 0..<200 {
            let failure = try #require(failures.randomElement(using: &dice))
            let step = machine.fail(failure, at: now)
            #expect(step.delay <= .seconds(60))
            now += step.delay
        }
        #expect(now > .seconds(600), "200 failures in \(now)")
    }
}
