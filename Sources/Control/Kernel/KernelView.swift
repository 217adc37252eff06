import Addressing
package import NetworkModel

/// What the kernel has of services: the elements of the daemon's tables, read back into frontends and endpoints.
package struct KernelView: Hashable, Sendable {
    /// The daemon's tables.
    package static let tableIDs = [TableID(.ip, "podnet"), TableID(.ip6, "podnet")]

    /// One element of map `frontends`.
    struct FrontendElement: Hashable, Sendable {
        /// How many endpoints the kernel draws from: those with the indices below it.
        var count: Int
        /// Whose it is, from the element's comment.
        var owner: PortOwner?
        /// New connections so far.
        var connections: UInt64?
    }

    /// One element of map `endpoints`.
    struct EndpointElement: Hashable, Sendable {
        /// The number that the kernel draws to get here.
        var index: Int
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
    /// Virtual IPs whose unclaimed packets are rejected, with the services that the comments name.
    var clusterIPs: [IPAddress: PortOwner?]

    /// Reads the elements of those of `tables` that are the daemon's.
    package init(_ tables: [TableID: Table]) {
        self.tables = Set(tables.keys).intersection(Self.tableIDs)
        frontends = [:]
        endpoints = [:]
        clusterIPs = [:]
        for (id, table) in tables where Self.tableIDs.contains(id) {
            read(table, ElementLayout(id.family == .ip ? .v4 : .v6))
        }
    }

    /// The table that frontends of this family are in.
    static func tableID(of family: IPAddress.Family) -> TableID { tableIDs[family == .v4 ? 0 : 1] }

    private mutating func read(_ table: Table, _ layout: ElementLayout) {
        for (key, element) in table.sets["frontends"]?.elements ?? [:] {
            guard let (frontend, content) = layout.frontend(key, element) else { continue }
            frontends[frontend] = content
        }
        for (key, element) in table.sets["endpoints"]?.elements ?? [:] {
            guard let (frontend, content) = layout.endpoint(key, element) else { continue }
            endpoints[frontend, default: []].append(content)
        }
        for (key, element) in table.sets["cluster-ips"]?.elements ?? [:] {
            guard let address = IPAddress(bytes: key) else { continue }
            clusterIPs.updateValue(element.comment.flatMap(PortOwner.init(comment:)), forKey: address)
        }
        for frontend in endpoints.keys {
            endpoints[frontend]?.sort { $0.index < $1.index }
        }
    }
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
