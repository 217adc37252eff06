import AsyncHTTPClient
import Control
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Posix

/// Asks `podnetd` over its UNIX socket.
struct DaemonClient {
    /// Why the daemon did not answer.
    struct Unreachable: Error {
        /// What was tried and why it did not work.
        let reason: String
        /// Whether that is only a matter of who asks.
        let isDenied: Bool

        /// The same as the end of a command.
        var failure: Failure {
            isDenied
                ? Failure(.denied, [reason], next: Failure.asRoot)
                : Failure(.daemonUnreachable, [reason], next: "systemctl status podnetd")
        }
    }

    /// The socket's path.
    let socket: String
    /// How long an answer may take beyond the time that the daemon is asked to wait.
    let patience: Duration

    /// 50,000 services of five endpoints are about 100 MB.
    private static let largestAnswer = 1 << 30

    /// Gets a list; with `after` as soon as the daemon's state is another one, or after the long poll's limit.
    func list<Item: ListItem>(
        _ path: ControlAPI.Path,
        of kind: Item.Type,
        after revision: Revision? = nil
    ) async throws(Unreachable) -> Envelope<Item> {
        try checkSocket()
        let wait = revision == nil ? patience : ControlAPI.longPollLimit + patience
        let body = try await body(ControlAPI.target(path, after: revision), within: wait)
        do {
            let list = try ControlCoding.decode(Envelope<Item>.self, from: body)
            guard list.apiVersion == ControlAPI.version else { throw unreachable("speaks \(list.apiVersion)") }
            return list
        } catch let error as Unreachable {
            throw error
        } catch {
            throw unreachable("the answer to \(path.rawValue) makes no sense: \(Self.cause(of: error))")
        }
    }

    /// Says what opening the socket as a file says: unlike an HTTP client's error it tells a missing socket from a
    /// forbidden one. For a socket that may be connected to it is ENXIO (open(2)).
    private func checkSocket() throws(Unreachable) {
        do throws(PosixError) {
            _ = try Descriptor(opening: socket, [.write, .nonBlocking, .followLinks])
        } catch {
            switch error.reason {
            case .missing: throw unreachable("there is no such socket, so it does not run")
            case .denied: throw unreachable(error.text, isDenied: true)
            default: return
            }
        }
        throw unreachable("it is not a socket")
    }

    private func body(_ target: String, within limit: Duration) async throws(Unreachable) -> Data {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let answer = await Self.get(target, at: socket, within: limit, using: client)
        try? await client.shutdown()
        switch answer {
        case .success(let (200, body)): return body
        case .success(let (status, body)):
            let failure = try? ControlCoding.decode(ControlFailure.self, from: body)
            throw unreachable("\(target): HTTP status \(status)" + (failure.map { ": \($0.message)" } ?? ""))
        case .failure(let error): throw unreachable(Self.cause(of: error, limit))
        }
    }

    private static func get(
        _ target: String,
        at socket: String,
        within limit: Duration,
        using client: HTTPClient
    ) async -> Result<(Int, Data), any Error> {
        do {
            guard let url = URL(httpURLWithSocketPath: socket, uri: target) else { throw HTTPClientError.invalidURL }
            let request = HTTPClientRequest(url: url.absoluteString)
            let response = try await client.execute(request, timeout: .seconds(limit.components.seconds))
            let body = try await response.body.collect(upTo: largestAnswer)
            return .success((Int(response.status.code), Data(body.readableBytesView)))
        } catch {
            return .failure(error)
        }
    }

    private static func cause(of error: any Error, _ limit: Duration) -> String {
        if let error = error as? IOError {
            let text = PosixError("connect", "", errno: error.errnoCode).text
            return "\(text), so a daemon that is gone has left the socket behind"
        }
        if error as? HTTPClientError == .remoteConnectionClosed { return "it closed the connection" }
        let timeouts: [HTTPClientError] = [.deadlineExceeded, .connectTimeout, .readTimeout]
        guard let error = error as? HTTPClientError, timeouts.contains(error) else { return "\(error)" }
        return "no answer within \(limit.components.seconds) s (--timeout)"
    }

    private static func cause(of error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let context =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            @unknown default:
                DecodingError.Context(codingPath: [], debugDescription: "\(error)")
            }
        let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
        return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    }

    private func unreachable(_ cause: String, isDenied: Bool = false) -> Unreachable {
        Unreachable(reason: "ask podnetd at \(socket): \(cause)", isDenied: isDenied)
    }
}
