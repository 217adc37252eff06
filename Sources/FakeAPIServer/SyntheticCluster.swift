/// A well-behaved API server with as many services as are wanted, each with one slice.
package struct SyntheticCluster: Sendable {
    /// Where a resource's objects are.
    private let items: [String: [String]]
    private let kinds = [
        "/api/v1/services": ("v1", "Service"),
        "/apis/discovery.k8s.io/v1/endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
        "/api/v1/nodes": ("v1", "Node"),
        "/apis/networking.k8s.io/v1/servicecidrs": ("networking.k8s.io/v1", "ServiceCIDR"),
    ]
    private let knowsInitialEvents: Bool
    private let version = 1_000_000

    /// A server with `services` services of `endpoints` endpoints.
    package init(services: Int, endpoints: Int, knowsInitialEvents: Bool) {
        self.knowsInitialEvents = knowsInitialEvents
        items = [
            "/api/v1/services": (0..<services).map(Self.service),
            "/apis/discovery.k8s.io/v1/endpointslices": (0..<services).map { Self.slice($0, endpoints) },
        ]
    }

    /// What it does about a request.
    package func answer(_ request: FakeRequest) -> [Act] {
        guard let (apiVersion, kind) = kinds[request.path] else { return .refusal(404, "NotFound") }
        let all = items[request.path] ?? []
        if request.parameter("sendInitialEvents") != nil {
            return knowsInitialEvents ? initialEvents(all, apiVersion, kind) : .refusal(422, "Invalid")
        }
        if request.parameter("watch") != nil { return .stream([]) + [.hang] }
        let start = request.parameter("continue").flatMap { Int($0) } ?? 0
        let end = min(all.count, start + (request.parameter("limit").flatMap { Int($0) } ?? all.count))
        let token = end < all.count ? #","continue":"\#(end)""# : ""
        let page = all[start..<end].joined(separator: ",")
        let head = #"{"kind":"\#(kind)List","apiVersion":"\#(apiVersion)","metadata":{"resourceVersion":"\#(version)""#
        return .answer(200, head + token + #"},"items":["# + page + "]}\n")
    }

    private func initialEvents(_ all: [String], _ apiVersion: String, _ kind: String) -> [Act] {
        let typed = #"{"kind":"\#(kind)","apiVersion":"\#(apiVersion)","#
        let lines = all.map { #"{"type":"ADDED","object":"# + typed + $0.dropFirst() + "}" }
        let end =
            #"{"type":"BOOKMARK","object":"# + typed
            + #""metadata":{"resourceVersion":"\#(version)","annotations":{"k8s.io/initial-events-end":"true"}}}}"#
        // As many events a chunk as a server's buffer holds.
        let chunks = stride(from: 0, to: lines.count, by: 32).map { lines[$0..<min($0 + 32, lines.count)] }
        return .stream(chunks.map { $0.joined(separator: "\n") } + [end]) + [.hang]
    }

    private static func service(_ index: Int) -> String {
        let address = "10.\(96 + index >> 16).\(index >> 8 & 255).\(index & 255)"
        return
            #"{"metadata":{"name":"service-\#(index)","namespace":"default","uid":"7fd36f2a-f9c8-477c-b1f3-0000\#(index)","#
            + #""resourceVersion":"\#(index + 1)","creationTimestamp":"2026-11-23T06:04:19Z","labels":{"app":"a\#(index)"},"#
            + managedFields + #"},"spec":{"ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080}],"#
            + #""selector":{"app":"a\#(index)"},"clusterIP":"\#(address)","clusterIPs":["\#(address)"],"type":"ClusterIP","#
            + #""sessionAffinity":"None","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","#
            + #""internalTrafficPolicy":"Cluster"},"status":{"loadBalancer":{}}}"#
    }

    private static func slice(_ index: Int, _ endpoints: Int) -> String {
        let list = (0..<endpoints).map { number -> String in
            let address = index * endpoints + number
            return
                #"{"addresses":["10.\#(128 + address >> 16).\#(address >> 8 & 255).\#(address & 255)"],"conditions":"#
                + #"{"ready":true,"serving":true,"terminating":false},"targetRef":{"kind":"Pod","namespace":"default","#
                + #""name":"pod-\#(address)","uid":"0c1a0000-0000-0000-0000-\#(address)"},"nodeName":"node-\#(number)","zone":"a"}"#
        }
        return #"{"metadata":{"name":"service-\#(index)-x","namespace":"default","resourceVersion":"\#(index + 1)","#
            + #""labels":{"kubernetes.io/service-name":"service-\#(index)"},"# + managedFields
            + #"},"addressType":"IPv4","ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":["#
            + list.joined(separator: ",") + "]}"
    }

    /// Half of what an API server sends is about who wrote which field.
    private static let managedFields =
        #""managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","#
        + #""time":"2026-11-23T06:04:19Z","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"#
        + #""f:app":{}}},"f:spec":{"f:internalTrafficPolicy":{},"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":"#
        + #"{".":{},"f:name":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},"f:selector":{},"f:sessionAffinity":{}}}}]"#
}
