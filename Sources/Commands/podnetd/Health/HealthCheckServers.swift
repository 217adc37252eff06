import Addressing
import Control
import Hummingbird
import Logging
import Posix
import ServiceProxy
import Synchronization

/// The servers that load balancers ask whether this node has endpoints of a service: one for each service and address.
///
/// They come, go and change as services, endpoints and the node's addresses do. One that cannot listen is reported and
/// tried again; everything else goes on.
final class HealthCheckServers: Sendable {
    /// One server.
    struct Key: Hashable, Sendable, Comparable {
        let service: ServiceName
        let address: ListenAddress

        static func < (left: Key, right: Key) -> Bool {
            (left.service, left.address.address) < (right.service, right.address.address)
        }
    }

    fileprivate struct State: Sendable {
        var addresses: [IPAddress] = []
        var checks: [ServiceName: HealthCheck] = [:]
        var failures: [Key: PosixError] = [:]
        var attempts: [Key: Int] = [:]
    }

    private let state = Mutex(State())
    private let changes: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let logger: Logger
    private let libraryLogger: Logger

    /// No server yet.
    init(logger: Logger, libraryLogger: Logger) {
        (changes, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.logger = logger
        self.libraryLogger = libraryLogger
    }

    /// Takes the addresses to listen at.
    func use(_ addresses: [IPAddress]) {
        state.withLock { $0.addresses = addresses }
        bell.yield()
    }

    /// Takes what is answered from this moment on.
    func use(_ checks: [ServiceName: HealthCheck]) {
        state.withLock { $0.checks = checks }
        bell.yield()
    }

    /// How many servers there should be, and which of them cannot listen.
    var summary: (wanted: Int, failures: [Key: PosixError]) {
        state.withLock { ($0.keys.count, $0.failures) }
    }

    /// What people should know of.
    var problems: [Status.Problem] {
        summary.failures.sorted { $0.key < $1.key }.map { key, error in
            Status.Problem(
                object: "\(key.service.id)",
                field: "spec.healthCheckNodePort",
                reason: "\(error): load balancers get no answer there"
            )
        }
    }

    /// Serves until the task is cancelled; `isHealthy` tells whether the proxy does its work.
    func run(isHealthy: @escaping @Sendable () -> Bool) async {
        await withDiscardingTaskGroup { group in
            var stops: [Key: AsyncStream<Never>.Continuation] = [:]
            for await _ in changes {
                let wanted = state.withLock(\.keys)
                for (key, stop) in stops where !wanted.contains(key) {
                    stop.finish()
                    stops[key] = nil
                }
                for key in wanted where stops[key] == nil {
                    let (stopped, stop) = AsyncStream<Never>.makeStream()
                    stops[key] = stop
                    group.addTask { await self.serve(key, isHealthy, until: stopped) }
                }
            }
            for stop in stops.values { stop.finish() }
        }
    }
}

extension HealthCheckServers.State {
    /// A service is asked for by its families.
    fileprivate var keys: Set<HealthCheckServers.Key> {
        var keys: Set<HealthCheckServers.Key> = []
        for (service, check) in checks {
            for address in addresses where address.isUnspecified || check.readyHere[address.family] != nil {
                keys.insert(.init(service: service, address: ListenAddress(address, check.port.number)))
            }
        }
        return keys
    }
}

extension HealthCheckServers {
    /// How much a load balancer should send here, for those that go by it.
    private static let weight = HTTPFields.Element.Name("X-Load-Balancing-Endpoint-Weight")

    private func serve(
        _ key: Key,
        _ isHealthy: @escaping @Sendable () -> Bool,
        until stopped: AsyncStream<Never>
    ) async {
        let listener = HTTPListener(
            address: key.address,
            logger: libraryLogger,
            note: { [self] in note($0, key) },
            answer: { [self] in answer(key.service, $0.local?.family ?? key.address.address.family, isHealthy()) }
        )
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await listener.run() }
            group.addTask { for await _ in stopped {} }
            await group.next()
            group.cancelAll()
        }
        state.withLock { state in
            state.failures[key] = nil
            state.attempts[key] = nil
        }
    }

    private func answer(_ service: ServiceName, _ family: IPAddress.Family, _ isHealthy: Bool) -> Response {
        guard let check = state.withLock({ $0.checks[service] }) else { return Response(status: .serviceUnavailable) }
        let answer = HealthCheckAnswer(service, check, family, isHealthy: isHealthy)
        var response = Response(answer.isGood ? .ok : .serviceUnavailable, "application/json", answer.text)
        if let weight = Self.weight { response.headers[weight] = "\(answer.localEndpoints)" }
        return response
    }

    /// A port that is about to become free is no news.
    private func note(_ error: PosixError?, _ key: Key) {
        let (attempts, isNews) = state.withLock { state in
            state.attempts[key] = error == nil ? nil : (state.attempts[key] ?? 0) + 1
            let attempts = state.attempts[key] ?? 0
            let former = state.failures[key]
            state.failures[key] = attempts < 4 ? nil : error
            return (attempts, former != state.failures[key])
        }
        guard isNews else { return }
        let metadata: Logger.Metadata = ["service": "\(key.service)", "address": "\(key.address)"]
        if let error {
            logger.error("a health check has no port", error: error, metadata: metadata)
        } else if attempts == 0 {
            logger.info("a health check has its port", metadata: metadata)
        }
    }
}
