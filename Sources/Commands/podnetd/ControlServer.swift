import Control
import FoundationEssentials
import Hummingbird
import Logging
import Posix
import ServiceLifecycle

/// Answers `netctl` over HTTP on a UNIX socket.
struct ControlServer: Service {
    /// What the answers are made from.
    struct Answers: Sendable {
        /// `/v1/endpoints`
        let endpoints: @Sendable () async -> EndpointList
        /// `/v1/services`
        let services: @Sendable () async -> ServiceList
        /// `/v1/status`
        let status: @Sendable () async -> StatusList
        /// `/healthz`
        let health: @Sendable () async -> Health
    }

    /// Where it listens. The socket is made with the process's umask; a stale one is replaced.
    let path: String
    /// What the answers are made from.
    let answers: Answers
    /// What makes `?after=` wait.
    let gate: GenerationGate
    /// Which run of the daemon this is: its generations are its own.
    let runID: String
    /// For the server's own events.
    let logger: Logger

    func run() async throws {
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in await respond(to: request) },
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: path)),
            logger: logger
        )
        // Requests that wait would hold up the end.
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            gate.open()
        }
    }

    private func respond(to request: Request) async -> Response {
        do throws(ControlRequest.Refusal) {
            let query = request.uri.queryParameters
            let wanted = try ControlRequest(
                method: request.method.rawValue,
                path: request.uri.path,
                after: query[Substring(ControlAPI.afterParameter)].map(String.init),
                run: query[Substring(ControlAPI.runParameter)].map(String.init)
            )
            return await answer(wanted)
        } catch {
            return Self.json(ControlFailure(error.message), HTTPResponse.Status(code: error.status))
        }
    }

    private func answer(_ request: ControlRequest) async -> Response {
        switch request {
        case .health:
            let health = await answers.health()
            return Self.json(health, health.isHealthy ? .ok : .serviceUnavailable)
        case .list(let list, let after):
            if let after { await wait(for: after) }
            return switch list {
            case .endpoints: Self.json(stamped(await answers.endpoints()), .ok)
            case .services: Self.json(stamped(await answers.services()), .ok)
            case .status: Self.json(stamped(await answers.status()), .ok)
            }
        }
    }

    /// Returns when there is a later state than `revision`; at once when that is another run's.
    private func wait(for revision: Revision) async {
        guard revision.run ?? runID == runID else { return }
        await gate.wait(past: revision.generation, atMost: ControlAPI.longPollLimit)
    }

    private func stamped<Item>(_ list: Envelope<Item>) -> Envelope<Item> {
        var list = list
        list.metadata.run = runID
        return list
    }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) -> Response {
        do {
            let bytes = ByteBuffer(bytes: try ControlCoding.encode(value))
            if bytes.readableBytes > 1 << 20 { Memory.returnUnused() }
            let body = ResponseBody(byteBuffer: bytes)
            return Response(status: status, headers: [.contentType: "application/json"], body: body)
        } catch {
            return Response(status: .internalServerError)
        }
    }
}

/// The answer to `/healthz`, in kube-proxy's words.
struct Health: Encodable, Hashable, Sendable {
    /// When the kernel was last known to be as it should be; absent before the first time.
    let lastUpdated: Timestamp?
    /// Now.
    let currentTime: Timestamp

    private enum CodingKeys: CodingKey {
        case lastUpdated, currentTime
    }

    /// Whether the first sync is done.
    var isHealthy: Bool { lastUpdated != nil }
}
