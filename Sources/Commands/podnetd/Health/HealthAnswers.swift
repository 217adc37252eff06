import Control
import Hummingbird
import ServiceProxy
import Synchronization

/// What kubelets and load balancers are told of the daemon: `/healthz`, `/livez` and `/readyz`.
///
/// Made without asking the reconciler, which may be at work for longer than they wait.
final class HealthAnswers: Sendable {
    /// Which question.
    enum Kind: String, Sendable, CaseIterable {
        /// Whether traffic should come to this node: also no while it is about to be removed.
        case healthz
        /// Whether the daemon does its work.
        case livez
        /// Whether it has begun to.
        case readyz
    }

    /// One question and how it was answered.
    struct Count: Hashable, Sendable {
        let kind: Kind
        let status: Int
    }

    private let record: SyncRecord
    private let isEligible: @Sendable () -> Bool
    private let counted = Mutex<[Count: Int]>([:])

    /// Answers by what `record` says of the reconciler and `isEligible` of the node.
    init(_ record: SyncRecord, isEligible: @escaping @Sendable () -> Bool) {
        self.record = record
        self.isEligible = isEligible
    }

    /// How often each answer was given.
    var counts: [Count: Int] { counted.withLock { $0 } }

    /// Whether no change has waited for the kernel for too long.
    var isHealthy: Bool { record.current.isHealthy(at: .now) }

    /// Answers a path.
    func answer(_ path: String) -> Response {
        guard let kind = Kind.allCases.first(where: { "/\($0)" == path }) else { return .notFound }
        let figures = record.current
        let health = ProxyHealth(figures, isEligible: kind == .healthz ? isEligible() : nil, at: .now)
        let isGood = health.isGood && (kind != .readyz || figures.lastSettled != nil)
        let status: HTTPResponse.Status = isGood ? .ok : .serviceUnavailable
        counted.withLock { $0[Count(kind: kind, status: status.code), default: 0] += 1 }
        do {
            return Response(
                status,
                "application/json",
                String(decoding: try ControlCoding.encode(health), as: UTF8.self)
            )
        } catch {
            return Response(status: .internalServerError)
        }
    }
}
