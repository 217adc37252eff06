import AsyncHTTPClient
import NIOCore
import Posix

/// Does what a `ListWatch` decides: asks, reads, waits.
actor Reflector {
    private let resource: Resource
    private let client: APIClient
    private let patience: Patience
    private let decoder: ObjectDecoder
    private let tell: @Sendable ([ListWatch.Change], WatchReport) -> Void
    private var machine: ListWatch
    private let clock = ContinuousClock()

    /// Keeps up with `resource`; every change, and how the watch is, goes to `tell`.
    init(
        _ resource: Resource,
        _ client: APIClient,
        _ patience: Patience,
        tell: @escaping @Sendable ([ListWatch.Change], WatchReport) -> Void
    ) {
        self.resource = resource
        self.client = client
        self.patience = patience
        self.tell = tell
        decoder = ObjectDecoder(resource)
        machine = ListWatch(seed: .random(in: .min ... .max))
    }

    /// Runs until the task is cancelled.
    func run() async {
        var step = machine.start()
        while !Task.isCancelled {
            report([])
            if step.delay > .zero { try? await Task.sleep(for: step.delay) }
            if Task.isCancelled { return }
            step = await take(step.request)
        }
    }

    /// Asks once and reads the answer to its end.
    private func take(_ request: ListWatch.Request) async -> ListWatch.Step {
        let begin = clock.now
        let watchdog = Watchdog(begin + patience.connect + patience.list)
        let exchange = Exchange(request: request, begin: begin, watchdog: watchdog)
        do {
            let next = try await watchdog.watch { try await self.run(exchange) }
            return next ?? machine.end(after: clock.now - begin, at: MonotonicClock.now())
        } catch let failure as ListWatchFailure {
            return fail(failure)
        } catch let answer as MalformedAnswer {
            return fail(.malformed(answer))
        } catch {
            return fail(.unreachable("\(error)"))
        }
    }

    /// Some servers, and proxies before them, repeat in an error what they were sent.
    private func fail(_ failure: ListWatchFailure) -> ListWatch.Step {
        machine.fail(failure.hiding(client.shownToken), at: MonotonicClock.now())
    }

    /// Returns what a complete page led to; nil at the end of a stream.
    private func run(_ exchange: Exchange) async throws -> ListWatch.Step? {
        let response = try await client.open(exchange.request.target(resource))
        machine.accept()
        report([])
        guard exchange.request.isStream else { return try await readPage(response, exchange) }
        try await readStream(response, exchange)
        // A body that ends because we were cancelled looks like one that ends.
        try Task.checkCancellation()
        return nil
    }

    private func readPage(_ response: HTTPClientResponse, _ exchange: Exchange) async throws -> ListWatch.Step {
        var scanner = ListScanner()
        var objects: [WatchedObject] = []
        for try await chunk in body(of: response) {
            exchange.expect(more: patience.list, atMost: patience.wholeList)
            try scanner.take(chunk) { (item) throws(MalformedAnswer) in objects.append(try decoder.item(item)) }.get()
        }
        try Task.checkCancellation()
        let head = try decoder.head(try scanner.finish())
        let (changes, next) = try machine.take(objects, version: head.version, continuation: head.continuation)
        report(changes)
        return next
    }

    private func readStream(_ response: HTTPClientResponse, _ exchange: Exchange) async throws {
        var lines = LineSplitter()
        for try await chunk in body(of: response) {
            try take(lines.take(chunk))
            let whole = machine.isWatching ? exchange.seconds + patience.grace : patience.wholeList
            exchange.expect(more: machine.isWatching ? patience.stream : patience.list, atMost: whole)
        }
    }

    /// Takes the events that came together, and tells of them together.
    private func take(_ lines: [[UInt8]]) throws {
        var changes: [ListWatch.Change] = []
        defer { report(changes) }
        for line in lines {
            if let change = try machine.take(try decoder.event(line)) { changes.append(change) }
        }
    }

    /// The bytes of an answer as they come; errors of the connection in our words.
    private func body(of response: HTTPClientResponse) -> some AsyncSequence<[UInt8], any Error> {
        response.body.map { Array($0.readableBytesView) }
    }

    private func report(_ changes: [ListWatch.Change]) {
        tell(changes, WatchReport(resource, machine))
    }
}

/// One request on its way.
private struct Exchange: Sendable {
    let request: ListWatch.Request
    let begin: ContinuousClock.Instant
    let watchdog: Watchdog

    /// How long a stream was asked to live.
    var seconds: Duration {
        switch request {
        case .list: .zero
        case .initialEvents(_, let seconds), .watch(_, let seconds): .seconds(seconds)
        }
    }

    /// The next bytes must come soon, and the last ones not too late.
    func expect(more: Duration, atMost whole: Duration) {
        watchdog.putOff(to: min(.now + more, begin + whole))
    }
}

/// How the watch of a resource is.
package struct WatchReport: Hashable, Sendable {
    /// What is watched.
    package let resource: Resource
    /// Whether there is a complete list, and changes to it are awaited.
    package let isWatching: Bool
    /// The last version known for sure.
    package let version: ResourceVersion?
    /// What failed last; nil while all is well.
    package let problem: String?

    init(_ resource: Resource, _ machine: ListWatch) {
        self.resource = resource
        isWatching = machine.isWatching
        version = machine.version
        problem = machine.problem
    }
}
