import Addressing
package import NetworkModel

/// What the kernel has of services: the elements of the daemon's tables, read back into frontends and endpoints.
package struct KernelView: Hashable, Sendable {
    /// The daemon's tables.
    package static let tableIDs = [TableID(.ip, "podnet"), TableID(.ip6, "podnet")]

    /// One element of map `frontends`.
    struct FrontendElement: Hashable, Sendable {
        /// How many endpoints of map `endpoints` the kernel draws from: those with the indices below it.
        var count: Int
        /// The same of map `endpoints-here`, for clients that are to stay on this node.
        var countHere = 0
        /// Whether connections are dropped, since no endpoint is on this node.
        var isDropping = false
        /// The number that it leads to, if no chain has it.
        var strayNumber: UInt32?
        /// Whose it is, from the element's comment.
        var owner: PortOwner?
        /// New connections so far.
        var connections: UInt64?
    }

    /// One element of map `endpoints` or `endpoints-here`.
    struct EndpointElement: Hashable, Sendable {
        /// The map.
        var map: String
        /// The number that the kernel draws to get here; nil when none leads here.
        var index: Int?
        /// The endpoint.
        var address: IPAddress
        /// Its port.
        var port: UInt16
        /// New connections so far.
        var connections: UInt64?
    }

    /// The tables that are there.
    package var tables: Set<TableID>
    /// By virtual IP, protocol and port.
    var frontends: [Frontend: FrontendElement]
    /// Behind each frontend, by index.
    var endpoints: [Frontend: [EndpointElement]]
    /// Frontends besides virtual IPs' that are rejected, with the services that the comments name.
    var refused: [Frontend: PortOwner?]
    /// Virtual IPs whose unclaimed packets are rejected, with the services that the comments name.
    var clusterIPs: [IPAddress: PortOwner?]

    /// Reads the elements of those of `tables` that are the daemon's.
    package init(_ tables: [TableID: Table]) {
        self.tables = Set(tables.keys).intersection(Self.tableIDs)
        frontends = [:]
        endpoints = [:]
        refused = [:]
        clusterIPs = [:]
        for (id, table) in tables where Self.tableIDs.contains(id) {
            read(table, ElementLayout(id.family == .ip ? .v4 : .v6))
        }
    }

    /// Everything that leads somewhere, or has endpoints to lead to.
    var translated: Set<Frontend> { Set(frontends.keys).union(endpoints.keys) }

    /// The table that frontends of this family are in.
    static func tableID(of family: IPAddress.Family) -> TableID { tableIDs[family == .v4 ? 0 : 1] }

    private mutating func read(_ table: Table, _ layout: ElementLayout) {
        readFrontends(table, layout)
        for map in ["endpoints", "endpoints-here"] {
            for (key, element) in table.sets[map]?.elements ?? [:] {
                guard let (frontend, content) = layout.endpoint(key, element, in: map) else { continue }
                endpoints[frontend, default: []].append(content)
            }
        }
        for map in ["identities", "identities-here"] { readIdentities(table, layout, map) }
        for (key, element) in table.sets["refused"]?.elements ?? [:] {
            guard let frontend = layout.frontend(key[...]) else { continue }
            refused.updateValue(element.comment.flatMap(PortOwner.init(comment:)), forKey: frontend)
        }
        for (key, element) in table.sets["cluster-ips"]?.elements ?? [:] {
            guard let address = IPAddress(bytes: key) else { continue }
            clusterIPs.updateValue(element.comment.flatMap(PortOwner.init(comment:)), forKey: address)
        }
        for frontend in endpoints.keys {
            endpoints[frontend]?.sort { ($0.map, $0.index ?? .max) < ($1.map, $1.index ?? .max) }
        }
    }

    /// With session affinity, indices lead to numbers of endpoints, and those to the endpoints.
    private mutating func readIdentities(_ table: Table, _ layout: ElementLayout, _ map: String) {
        var indices: [Frontend: [Int: Int]] = [:]
        for (key, element) in table.sets[map]?.elements ?? [:] {
            guard let (frontend, index, number) = layout.identity(key, element) else { continue }
            indices[frontend, default: [:]][number] = index
        }
        let list = map == "identities" ? "endpoints" : "endpoints-here"
        for (frontend, indices) in indices {
            endpoints[frontend] = endpoints[frontend]?.map { found in
                var found = found
                if found.map == list { found.index = found.index.flatMap { indices[$0] } }
                return found
            }
        }
    }

    private mutating func readFrontends(_ table: Table, _ layout: ElementLayout) {
        for (key, element) in table.sets["frontends"]?.elements ?? [:] {
            guard let (frontend, content) = layout.frontend(key, element) else { continue }
            frontends[frontend] = content
        }
        // Where it depends on the client's place, the two lists' lengths are in maps of their own.
        for (key, element) in table.sets["everywhere"]?.elements ?? [:] {
            guard let (frontend, content) = layout.frontend(key, element) else { continue }
            frontends[frontend]?.count = content.count
        }
        for (key, element) in table.sets["here"]?.elements ?? [:] {
            guard let (frontend, content) = layout.frontend(key, element) else { continue }
            frontends[frontend]?.countHere = content.countHere
        }
    }
}

extension KernelView.FrontendElement {
    /// How many endpoints of a map are drawn from.
    func count(in map: String) -> Int { map == "endpoints-here" ? countHere : count }

    /// Whether the kernel ever draws an endpoint.
    func draws(_ endpoint: KernelView.EndpointElement) -> Bool {
        endpoint.index.map { $0 < count(in: endpoint.map) } ?? false
    }
}

extension KernelView.FrontendElement {
    /// Why an endpoint is not drawn.
    func lack(of endpoint: KernelView.EndpointElement) -> String {
        "never drawn: " + (endpoint.index.map { "index \($0) of \(count(in: endpoint.map))" } ?? "no index leads there")
    }
}

extension KernelView.EndpointElement {
    /// Where it is, in words.
    var place: String { "in map \(map)" + (index.map { " (index \($0))" } ?? "") }
}

/// Whose a frontend is.
struct PortOwner: Hashable, Sendable {
    /// The service's namespace.
    let namespace: String
    /// The service's name.
    let service: String
    /// The service port's name; empty for an unnamed port.
    let portName: String

    /// Names a port of a service.
    init(namespace: String, service: String, portName: String) {
        self.namespace = namespace
        self.service = service
        self.portName = portName
    }

    /// Reads an element's comment, `namespace/name:port`; no port name is an unnamed port.
    init?(comment: String) {
        let parts = comment.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        let names = parts[1].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = names.first, !name.isEmpty else { return nil }
        self.init(
            namespace: String(parts[0]),
            service: String(name),
            portName: names.count == 2 ? String(names[1]) : ""
        )
    }
}
