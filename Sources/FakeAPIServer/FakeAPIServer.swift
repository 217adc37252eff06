import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server on this machine that says exactly what a script tells it to, also what no API server should say.
///
/// It speaks HTTP/1.1 by itself: an HTTP library would keep it from misbehaving.
package final class FakeAPIServer: Sendable {
    /// What to do about a request.
    package typealias Script = @Sendable (FakeRequest) async -> [Act]

    /// The requests so far.
    package var requests: [FakeRequest] { seen.withLock { $0 } }
    /// Where it listens.
    package let port: Int

    private let seen = Mutex<[FakeRequest]>([])
    private let listener: NIOAsyncChannel<any Channel, Never>
    private let script: Script

    /// Listens on a port of 127.0.0.1, any free one for 0; with PEM texts it speaks TLS.
    package init(
        port: Int = 0,
        certificate: (chain: String, key: String)? = nil,
        _ script: @escaping Script
    ) async throws {
        let context = try certificate.map(Self.context)
        self.script = script
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Nothing is read of a connection before somebody serves it.
            .childChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    return channel
                }
            }
        self.port = listener.channel.localAddress?.port ?? 0
    }

    /// Answers until the task is cancelled.
    package func run() async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    // A connection that breaks is none of the others' business.
                    group.addTask { [self] in try? await serve(connection) }
                }
            }
        }
    }

    private static func context(_ pem: (chain: String, key: String)) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(pem.chain.utf8))
        let key = try NIOSSLPrivateKey(bytes: Array(pem.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
        )
    }
}

/// A request as it came.
package struct FakeRequest: Hashable, Sendable {
    /// `GET`
    package let method: String
    /// Path and query as they came.
    package let target: String
    /// The headers by name in small letters.
    package let headers: [String: String]

    /// The path alone.
    package var path: String { String(target.prefix { $0 != "?" }) }
    /// A parameter of the query as it came, still escaped; nil when it is not there.
    package func parameter(_ name: String) -> String? {
        let query = target.drop { $0 != "?" }.dropFirst()
        let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        return pairs.first { $0.first == name }.map { $0.count > 1 ? $0[1] : "" }
    }

    init?(head: [UInt8]) {
        let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count == 3 else { return nil }
        method = String(words[0])
        target = String(words[1])
        let fields = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (line[..<colon].lowercased(), String(value))
        }
        headers = Dictionary(fields, uniquingKeysWith: { $1 })
    }
}

// Connections.
extension FakeAPIServer {
    /// Wraps a connection only now: a wrapped one that nobody came to serve would end the process.
    private func serve(_ channel: any Channel) async throws {
        let connection = try await channel.eventLoop.submit {
            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }.get()
        channel.setOption(.autoRead, value: true).whenComplete { _ in channel.read() }
        try await connection.executeThenClose { inbound, outbound in
            var chunks = inbound.makeAsyncIterator()
            var received: [UInt8] = []
            while let chunk = try await chunks.next() {
                received += Array(chunk.readableBytesView)
                guard received.suffix(4) == [13, 10, 13, 10], let request = FakeRequest(head: received) else {
                    continue
                }
                received = []
                seen.withLock { $0.append(request) }
                for act in await script(request) {
                    switch act {
                    case .send(let bytes): try await outbound.write(ByteBuffer(bytes: bytes))
                    case .wait(let duration): try await Task.sleep(for: duration)
                    case .trickle(let bytes, let pause):
                        for byte in bytes {
                            try await outbound.write(ByteBuffer(bytes: [byte]))
                            try await Task.sleep(for: pause)
                        }
                    case .hang: while try await chunks.next() != nil {}
                    case .close: return
                    }
                }
            }
        }
    }
}
