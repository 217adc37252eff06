import Addressing
import FakeAPIServer
import KubernetesClient
import ServiceProxy
import Synchronization

/// What a client has told so far, put together as the reconciler does it.
struct Seen: CustomStringConvertible {
    var table = ServiceTable()
    var delivery = ProxyCore.Delivery.waiting
    var problem: String?
    var problems: [String] = []

    mutating func take(_ update: SourceUpdate) {
        for change in update.changes { table.apply(change) }
        delivery = update.delivery
        problem = update.problem
        if let problem = update.problem { problems.append(problem) }
    }

    /// The services with their first address and port: `web 10.96.0.1:80`.
    var services: [String] {
        table.services.values.map { service in
            "\(service.name.name) \(service.clusterIPs.first.map { "\($0)" } ?? "-"):\(service.ports.first?.port.number ?? 0)"
        }.sorted()
    }

    var slices: [String] { table.allSlices.map(\.id.name).sorted() }

    var description: String { "\(services) \(slices) \(delivery) \(problem ?? "") \(problems)" }
}

/// The client did not come to what was expected in time.
struct NotSeen: Error, CustomStringConvertible {
    let description: String
}

/// Runs a client against a server until it has told enough.
func follow(
    _ server: FakeAPIServer,
    _ access: ClusterAccess? = nil,
    environment: [String: String] = [:],
    acceptsEmptiness: Bool = false,
    within limit: Duration = .seconds(30),
    until isEnough: (Seen) -> Bool
) async throws -> Seen {
    let (updates, feed) = AsyncStream.makeStream(of: SourceUpdate.self)
    var patience = Patience()
    patience.connect = .seconds(2)
    patience.list = .milliseconds(700)
    patience.wholeList = .seconds(3)
    patience.stream = .milliseconds(1_500)
    let plain = ClusterAccess(try ServerAddress(parsing: "http://127.0.0.1:\(server.port)"))
    let cluster = Cluster(
        access ?? plain,
        node: "node1",
        acceptsEmptiness: acceptsEmptiness,
        environment: environment,
        patience: patience,
        give: { feed.yield($0) }
    )
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        group.addTask { await cluster.run() }
        group.addTask {
            try await Task.sleep(for: limit)
            feed.finish()
        }
        defer { group.cancelAll() }
        var seen = Seen()
        for await update in updates {
            seen.take(update)
            if isEnough(seen) { return seen }
        }
        throw NotSeen(description: "\(seen) after \(server.requests.map(\.target))")
    }
}

/// Counts the requests of each kind.
final class Turns: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    /// 0 for the first request of a kind.
    func next(_ kind: String) -> Int {
        counts.withLock { counts in
            defer { counts[kind, default: 0] += 1 }
            return counts[kind, default: 0]
        }
    }
}

/// A server whose slices are always well; what it does about services is the test's.
func scripted(
    certificate: (chain: String, key: String)? = nil,
    knowsInitialEvents: Bool = false,
    list: @escaping @Sendable (FakeRequest, _ turn: Int) -> [Act],
    watch: @escaping @Sendable (FakeRequest, _ turn: Int) -> [Act] = { _, _ in .stream([]) + [.hang] }
) async throws -> FakeAPIServer {
    let slices = try recording("list-endpointslices")
    let turns = Turns()
    return try await FakeAPIServer(certificate: certificate) { request in
        let isService = request.path == "/api/v1/services"
        let isStream = request.parameter("watch") != nil
        if request.parameter("sendInitialEvents") != nil, !(isService && knowsInitialEvents) {
            return .refusal(422, "Invalid", "sendInitialEvents is forbidden for watch")
        }
        switch (request.path, isStream) {
        case ("/api/v1/services", false): return list(request, turns.next("list"))
        case ("/api/v1/services", true): return watch(request, turns.next("watch"))
        case ("/apis/discovery.k8s.io/v1/endpointslices", false): return slices.acts()
        case ("/apis/discovery.k8s.io/v1/endpointslices", true): return .stream([]) + [.hang]
        default: return .refusal(404, "NotFound")
        }
    }
}

extension [Act] {
    /// A stream that stays open and says nothing more.
    static func open(_ lines: String...) -> [Act] { stream(lines) + [.hang] }

    /// A stream that ends as it should, after `cut` of an event.
    static func ended(_ lines: String..., cut: Substring = "") -> [Act] { stream(lines) + rest(cut) + endOfStream }

    /// A stream whose connection breaks after `cut` of an event.
    static func broken(_ lines: String..., cut: Substring = "") -> [Act] { stream(lines) + rest(cut) + [.close] }

    /// Bytes that nobody put together for us.
    static func raw(_ head: String, _ body: String, then act: Act) -> [Act] {
        [.send([UInt8]((head + "\r\n\r\n" + body).utf8)), act]
    }

    private static func rest(_ cut: Substring) -> [Act] { cut.isEmpty ? [] : [.send(chunk(String(cut)))] }
}
