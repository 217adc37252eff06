import Addressing
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Posix
import ServiceLifecycle

/// Answers HTTP at one address of this machine, and tries again as long as it cannot listen there.
struct HTTPListener: Sendable {
    /// What is asked.
    struct Question: Sendable {
        /// The path, without query.
        let path: String
        /// The address that the client connected to.
        let local: IPAddress?
    }

    /// Where it listens.
    let address: ListenAddress
    /// For the library's own events.
    let logger: Logger
    /// Told why it cannot listen, and nil once it does.
    let note: @Sendable (PosixError?) -> Void
    /// Answers; whatever the method is, as kube-proxy does.
    let answer: @Sendable (Question) async -> Response

    /// Anybody may connect: so many at a time, with so little to say, and not for ever.
    private static let connectionLimit = 128
    private static let idleTimeout = TimeAmount.seconds(10)
    private static let headerLimit = 8 << 10

    /// Answers until the task is cancelled.
    func run() async {
        // What held the port is often about to let it go: the same service's former listener, a former daemon.
        var pause = Duration.milliseconds(50)
        while !Task.isCancelled {
            do {
                try await listen()
            } catch {
                note(Self.reason(error, address))
            }
            try? await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(5))
        }
    }

    private func listen() async throws {
        let server = try HTTPServerBuilder.http1(configuration: Self.channelConfiguration).buildServer(
            configuration: ServerConfiguration(
                address: .hostname("\(address.address)", port: Int(address.port)),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.connectionLimit, logger: logger)
            ),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            responder: { request, writer, channel in
                let question = Question(path: request.uri.path, local: channel.localAddress?.address)
                let response = await answer(question)
                let isHead = request.method == .head
                try await writer.write(response: response.head, body: isHead ? ResponseBody() : response.body)
            },
            onServerRunning: { _ in note(nil) }
        )
        // Apart from the group of services, which tells the library to end and ends it: it would log what it ends of itself.
        let running = Task.detached { try await server.run() }
        try await withTaskCancellationHandler {
            try await running.value
        } onCancel: {
            running.cancel()
        }
    }

    private static var channelConfiguration: HTTP1Channel.Configuration {
        HTTP1Channel.Configuration(
            idleTimeout: idleTimeout,
            httpDecoderConfiguration: .init(
                maxHeaderFieldSize: headerLimit,
                maxHeaderListSize: headerLimit,
                maxHeaderFieldCount: 64
            )
        )
    }

    private static func reason(_ error: any Error, _ address: ListenAddress) -> PosixError {
        PosixError("listen at", "\(address)", errno: (error as? IOError)?.errnoCode ?? 0)
    }
}

extension SocketAddress {
    /// The IP address; one of IPv4 also where it came by a socket of IPv6.
    fileprivate var address: IPAddress? {
        guard let text = ipAddress else { return nil }
        let mapped = "::ffff:"
        return IPAddress(text.hasPrefix(mapped) && text.contains(".") ? String(text.dropFirst(mapped.count)) : text)
    }
}

extension Response {
    /// An answer in text.
    init(_ status: HTTPResponse.Status, _ type: String, _ text: String) {
        self.init(
            status: status,
            headers: [.contentType: type, .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// There is no such path.
    static var notFound: Response { Response(.notFound, "text/plain; charset=utf-8", "404 page not found\n") }
}
