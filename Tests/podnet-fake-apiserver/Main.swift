import FakeAPIServer
import FoundationEssentials
import Glibc

/// An API server for end-to-end tests and benchmarks: says on stdout where it listens, answers until it is killed.
///
///     podnet-fake-apiserver --recordings DIRECTORY [--events N]     what a real server said, and N events after that
///     podnet-fake-apiserver --services N [--initial-events]         N services with five endpoints each
///
/// With `--verbose` it says on stderr what it is asked, one request a line.
@main
enum Main {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        func value(_ flag: String) -> String? {
            words.firstIndex(of: flag).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
        }
        let server: FakeAPIServer
        let port = value("--port").flatMap { Int($0) } ?? 0
        if let directory = value("--recordings") {
            let cluster = try recorded(directory, events: value("--events").flatMap { Int($0) })
            server = try await FakeAPIServer(port: port) { request in
                note(request)
                return cluster.answer(request)
            }
        } else if let count = value("--services").flatMap({ Int($0) }) {
            let knows = words.contains("--initial-events")
            let cluster = SyntheticCluster(services: count, endpoints: 5, knowsInitialEvents: knows)
            server = try await FakeAPIServer(port: port) { cluster.answer($0) }
        } else {
            throw Usage()
        }
        print("http://127.0.0.1:\(server.port)\n", terminator: "")
        fflush(nil)
        try await server.run()
    }

    /// `GET /api/v1/services?limit=500`
    private static func note(_ request: FakeRequest) {
        guard CommandLine.arguments.contains("--verbose") else { return }
        let line = Array("\(request.method) \(request.target)\n".utf8)
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func recorded(_ directory: String, events: Int?) throws -> RecordedCluster {
        func read(_ name: String) throws -> Recording? {
            Recording(try String(contentsOfFile: "\(directory)/\(name).http", encoding: .utf8))
        }
        var cluster = RecordedCluster()
        cluster.eventLimit = events
        cluster.lists["/api/v1/services"] = try read("list-services-proxy-selector")
        cluster.lists["/apis/discovery.k8s.io/v1/endpointslices"] = try read("list-endpointslices")
        cluster.lists["/apis/networking.k8s.io/v1/servicecidrs"] = try read("list-servicecidrs")
        cluster.watches["/api/v1/services"] = try read("watch-services")
        cluster.watches["/apis/discovery.k8s.io/v1/endpointslices"] = try read("watch-endpointslices")
        // A server that has none of these, or does not show them, answers 404.
        cluster.lists["/api/v1/nodes"] = try? read("list-nodes")
        cluster.watches["/api/v1/nodes"] = try? read("watch-nodes")
        cluster.watches["/apis/networking.k8s.io/v1/servicecidrs"] = try? read("watch-servicecidrs")
        return cluster
    }
}

private struct Usage: Error, CustomStringConvertible {
    let description = "usage: podnet-fake-apiserver --recordings DIRECTORY | --services N"
}
