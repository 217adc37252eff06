import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Posix
import Synchronization

/// Asks an API server; the one place that knows HTTP and TLS.
///
/// A redirect is a refusal like any other, so that a token never goes to another host. Every request shows what the
/// files of certificates and tokens hold then.
package final class APIClient: Sendable {
    private let access: ClusterAccess
    private let credentials: Credentials
    private let client: HTTPClient
    private let security = Mutex<(texts: [String?], configuration: TLSConfiguration)?>(nil)

    /// A client for an access.
    package init(_ access: ClusterAccess, environment: [String: String], connectTimeout: Duration = .seconds(10)) {
        self.access = access
        credentials = Credentials(access, environment: environment)
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = .nanoseconds(Int64(connectTimeout / .nanoseconds(1)))
        // When to try again is not the library's to decide.
        configuration.connectionPool.retryConnectionEstablishment = false
        if let name = access.serverName { configuration.dnsOverride = [name: access.server.host] }
        client = HTTPClient(configuration: configuration)
    }

    /// The token that the server saw last; it may repeat it in what it says.
    var shownToken: Secret? { credentials.shownToken }

    /// Ends all connections.
    package func shutDown() async {
        try? await client.shutdown()
    }

    /// Asks for what is at path and query `target`; what the server says no to is thrown.
    func open(_ target: String) async throws(ListWatchFailure) -> HTTPClientResponse {
        let request = try await request(target)
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, deadline: .distantFuture)
        } catch {
            throw .unreachable("\(access.server): \(sentence(error))")
        }
        guard response.status == .ok else { throw await refusal(response) }
        return response
    }

    private func request(_ target: String) async throws(ListWatchFailure) -> HTTPClientRequest {
        let shown = try await credentials.current()
        let base = access.serverName.map(access.server.named) ?? access.server.description
        var request = HTTPClientRequest(url: base + target)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "podnetd")
        if access.serverName != nil { request.headers.add(name: "Host", value: access.server.authority) }
        if let token = shown.token { request.headers.add(name: "Authorization", value: "Bearer \(token.text)") }
        if let user = access.impersonation.user { request.headers.add(name: "Impersonate-User", value: user) }
        for group in access.impersonation.groups { request.headers.add(name: "Impersonate-Group", value: group) }
        if access.server.isEncrypted { request.tlsConfiguration = try configuration(shown.certificate) }
        return request
    }

    private func refusal(_ response: HTTPClientResponse) async -> ListWatchFailure {
        let code = Int(response.status.code)
        if code == 401 { credentials.forget() }
        var status = APIStatus(code: code, message: response.status.reasonPhrase)
        if (300...399).contains(code) {
            status.message = "it sends us to \(response.headers.first(name: "Location") ?? "nowhere"); not followed"
        } else if let body = try? await response.body.collect(upTo: 256 << 10),
            let said = ObjectDecoder.status(Array(body.readableBytesView))
        {
            status = said
            status.code = code
        }
        let wait = response.headers.first(name: "Retry-After").flatMap { Int($0) }
        return .refused(status, retryAfter: wait.map { .seconds($0) })
    }
}

// TLS.
extension APIClient {
    /// What the files hold now; built anew only when that is something else.
    private func configuration(
        _ certificate: ClusterAccess.ClientCertificate?
    ) throws(ListWatchFailure) -> TLSConfiguration {
        do {
            var authorities: String?
            if case .authorities(let source) = access.trust { authorities = try source.text() }
            let texts = [authorities, try certificate?.chain.text(), try certificate?.key.text()]
            if let known = security.withLock({ $0?.texts == texts ? $0?.configuration : nil }) { return known }
            let configuration = try Self.configuration(texts, access.trust)
            security.withLock { $0 = (texts, configuration) }
            return configuration
        } catch {
            throw .unreachable("certificates: \(error)")
        }
    }

    private static func configuration(
        _ texts: [String?],
        _ trust: ClusterAccess.Trust
    ) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if trust == .everybody { configuration.certificateVerification = .none }
        if let authorities = texts[0] {
            let certificates = try NIOSSLCertificate.fromPEMBytes(Array(authorities.utf8))
            guard !certificates.isEmpty else { throw MalformedAnswer("no certificate among the authorities") }
            configuration.trustRoots = .certificates(certificates)
        }
        if let chain = texts[1], let key = texts[2] {
            let certificates = try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8))
            configuration.certificateChain = certificates.map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
        }
        return configuration
    }
}

extension ServerAddress {
    /// What stands in the header Host.
    fileprivate var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// What a library's error means, without its types.
private func sentence(_ error: any Error) -> String {
    switch error {
    case let error as NIOConnectionError:
        let reasons =
            error.connectionErrors.map { "\($0.error)" }
            + [error.dnsAError, error.dnsAAAAError]
            .compactMap { $0.map { "\($0)" } }
        return "no connection: " + Set(reasons).sorted().joined(separator: ", ")
    case let error as HTTPClientError: return error.shortDescription
    default: return "\(error)"
    }
}
