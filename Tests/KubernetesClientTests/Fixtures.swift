import Addressing
import FakeAPIServer
import FoundationEssentials
import KubernetesClient
import ServiceProxy
import Testing

/// A recording of a real API server.
func recording(_ name: String) throws -> Recording {
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    let text = try String(contentsOfFile: "/\(folder)/Recordings/\(name).http", encoding: .utf8)
    return try #require(Recording(text))
}

/// Texts cut into pieces of every size that matters.
func pieces(_ text: String, of size: Int) -> [[UInt8]] {
    let bytes = Array(text.utf8)
    return stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
}

extension WatchedObject {
    /// A service at a version, told apart by its port.
    init(_ name: String, at version: Int, port: Int = 80) throws {
        let service = Service(
            try ServiceName(namespace: "default", name: name),
            kind: .virtual(ClusterIPs(try IPAddress(parsing: "10.96.0.1"))),
            ports: [ServicePort(.tcp, try Port(port))]
        )
        let version = try #require(ResourceVersion("\(version)"))
        self.init(ObjectKey(namespace: "default", name: name), version, .service(service))
    }

    /// A slice without endpoints.
    init(slice name: String, at version: Int) throws {
        let service = try ServiceName(namespace: "default", name: "web")
        let slice = EndpointSlice(name, of: service, ports: [], endpoints: [])
        let version = try #require(ResourceVersion("\(version)"))
        self.init(ObjectKey(namespace: "default", name: name), version, .slice(slice))
    }
}

/// Service and slice as an API server writes them.
enum Written {
    static func service(_ name: String, _ address: String, at version: Int) -> String {
        #"{"kind":"Service","apiVersion":"v1","metadata":{"name":"\#(name)","namespace":"default","resourceVersion":"#
            + #""\#(version)"},"spec":{"clusterIP":"\#(address)","ports":[{"port":80}]}}"#
    }

    static func list(_ items: [String], at version: Int, kind: String = "Service", continuation: String = "") -> String
    {
        #"{"kind":"\#(kind)List","apiVersion":"\#(kind == "Service" ? "v1" : "discovery.k8s.io/v1")","metadata":"#
            + #"{"resourceVersion":"\#(version)","continue":"\#(continuation)"},"items":[\#(items.joined(separator: ","))]}"#
    }

    static func event(_ type: String, _ object: String) -> String { #"{"type":"\#(type)","object":\#(object)}"# }

    static func bookmark(_ version: Int, ends: Bool = false) -> String {
        let mark = ends ? #","annotations":{"k8s.io/initial-events-end":"true"}"# : ""
        return event(
            "BOOKMARK",
            #"{"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":"\#(version)"\#(mark)}}"#
        )
    }
}
