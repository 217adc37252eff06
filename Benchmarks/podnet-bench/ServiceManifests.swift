import Glibc

/// Services with five endpoints each, as files that podnetd reads and as the ruleset that kube-proxy would make of them.
struct ServiceManifests {
    /// How they are written down: as the API server answers, or as people write.
    enum Format: String {
        case json = "JSON"
        case yaml = "YAML"
    }

    let count: Int
    var format = Format.json
    static let endpointsPerService = 5
    /// Services in a file; small enough that one file is nothing special.
    private static let perFile = 1000

    static func vip(_ service: Int) -> String { "10.\(96 + service >> 16 & 7).\(service >> 8 & 255).\(service & 255)" }

    /// Endpoint addresses are in 10.128.0.0/9.
    static func endpoint(_ service: Int, _ index: Int) -> String {
        let number = service * endpointsPerService + index
        return "10.\(128 + number >> 16).\(number >> 8 & 255).\(number & 255)"
    }

    /// All but the first service go to files of a thousand; the first has a file of its own, to be changed.
    func write(to directory: String) throws(BenchmarkError) {
        for start in stride(from: 1, to: count, by: Self.perFile) {
            let services = start..<min(start + Self.perFile, count)
            let all = 0..<Self.endpointsPerService
            switch format {
            case .json:
                let items = services.map { Self.objects($0, endpoints: all) }
                let list = #"{"apiVersion":"v1","kind":"List","items":[\#(items.joined(separator: ",\n"))]}"#
                try Self.replace("\(directory)/services-\(start).json", list)
            case .yaml:
                let documents = services.map { Self.documents($0, endpoints: all) }
                try Self.replace("\(directory)/services-\(start).yaml", documents.joined())
            }
        }
        try Self.writeOne(0, endpoints: 0..<Self.endpointsPerService, to: directory)
    }

    /// One service with a file of its own.
    static func writeOne(_ service: Int, endpoints: Range<Int>, to directory: String) throws(BenchmarkError) {
        let list = #"{"apiVersion":"v1","kind":"List","items":[\#(objects(service, endpoints: endpoints))]}"#
        try replace("\(directory)/one-\(service).json", list)
    }

    private static func replace(_ path: String, _ text: String) throws(BenchmarkError) {
        try podnet_bench.write(text, to: path + ".tmp")
        guard rename(path + ".tmp", path) == 0 else { throw BenchmarkError("rename \(path)") }
    }

    private static func objects(_ service: Int, endpoints: Range<Int>) -> String {
        let name = "service-\(service)"
        let list = endpoints.map { index in
            #"{"addresses":["\#(endpoint(service, index))"],"conditions":{"ready":true,"serving":true,"terminating":false},"#
                + #""nodeName":"node-\#(index)","targetRef":{"kind":"Pod","namespace":"default","name":"\#(name)-\#(index)"}}"#
        }
        return #"{"apiVersion":"v1","kind":"Service","metadata":{"name":"\#(name)","namespace":"default"},"#
            + #""spec":{"type":"ClusterIP","clusterIP":"\#(vip(service))","clusterIPs":["\#(vip(service))"],"#
            + #""ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080}]}},"#
            + #"{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","#
            + #""metadata":{"name":"\#(name)-1","namespace":"default","labels":{"kubernetes.io/service-name":"\#(name)"}},"#
            + #""ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":[\#(list.joined(separator: ","))]}"#
    }

    /// A service and its slice as `kubectl get -o yaml` writes them, without what no proxy reads.
    private static func documents(_ service: Int, endpoints: Range<Int>) -> String {
        let name = "service-\(service)"
        let list = endpoints.map { index in
            """
            - addresses:
              - \(endpoint(service, index))
              conditions:
                ready: true
                serving: true
                terminating: false
              nodeName: node-\(index)
              targetRef:
                kind: Pod
                name: \(name)-\(index)
                namespace: default

            """
        }
        return """
            apiVersion: v1
            kind: Service
            metadata:
              name: \(name)
              namespace: default
            spec:
              clusterIP: \(vip(service))
              clusterIPs:
              - \(vip(service))
              ports:
              - name: http
                port: 80
                protocol: TCP
                targetPort: 8080
              type: ClusterIP
            ---
            addressType: IPv4
            apiVersion: discovery.k8s.io/v1
            endpoints:
            \(list.joined())kind: EndpointSlice
            metadata:
              labels:
                kubernetes.io/service-name: \(name)
              name: \(name)-1
              namespace: default
            ports:
            - name: http
              port: 8080
              protocol: TCP
            ---

            """
    }

    /// The same services with a chain and an anonymous map each, in nft's language.
    func chainPerService(table: String) -> String {
        var text = "table ip \(table) {\n"
        for service in 0..<count {
            text += "chain service-\(service) {\n\(Self.pick(service, Self.endpointsPerService))\n}\n"
        }
        text += "map service-ips { type ipv4_addr . inet_proto . inet_service : verdict\n elements = {\n"
        text += (0..<count).map { "\(Self.vip($0)) . tcp . 80 : goto service-\($0)" }.joined(separator: ",\n")
        text += " } }\nchain services {\nip daddr . meta l4proto . th dport vmap @service-ips\n}\n"
        return text + "chain prerouting {\ntype nat hook prerouting priority -100\ngoto services\n}\n}\n"
    }

    /// One endpoint of the first service changes: its rule is written anew.
    static func changeOne(table: String, endpoints: Int) -> String {
        "flush chain ip \(table) service-0\nadd rule ip \(table) service-0 \(pick(0, endpoints))\n"
    }

    private static func pick(_ service: Int, _ endpoints: Int) -> String {
        let map = (0..<endpoints).map { "\($0) : \(endpoint(service, $0)) . 8080" }.joined(separator: ", ")
        return "meta l4proto tcp dnat ip addr . port to numgen random mod \(endpoints) map { \(map) }"
    }
}
