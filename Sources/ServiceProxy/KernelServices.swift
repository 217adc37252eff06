package import Addressing
package import NetworkModel

/// What a table in the kernel says about services, without anyone's memory: for showing and for comparing.
package struct KernelServices: Hashable, Sendable {
    /// One address, protocol and port that is translated.
    package struct Entry: Hashable, Sendable {
        /// What the client connects to.
        package let frontend: Frontend
        /// Which chain goes on with a new connection; nil for a number that is none's.
        package let code: FrontendCode?
        /// How long a client stays with its endpoint; nil when it does not.
        package let affinity: Affinity?
        /// How many endpoints new connections are spread over; where it depends on their source, those of pods.
        package let count: Int
        /// The service and port, `default/web:http`, as the element's comment has it.
        package let comment: String?
        /// New connections counted since the element was made.
        package let connections: UInt64?
        /// The endpoints by index; `count` of them unless someone has changed the map.
        package let endpoints: [Int: Target]
        /// Those for connections that stay on this node, where it depends on their source.
        package let here: [Int: Target]
    }

    /// One endpoint of an entry.
    package struct Target: Hashable, Sendable {
        /// Where connections go.
        package let address: EndpointAddress
        /// New connections counted since the element was made.
        package let connections: UInt64?
    }

    /// What is translated, by frontend.
    package let entries: [Entry]
    /// The virtual addresses and their comments, `default/web`; what is not translated for them is rejected.
    package let clusterIPs: [IPAddress: String]

    /// Reads a table; elements that are not understood are left out.
    package init(reading table: Table) {
        let endpoints = Self.list(table, .everywhere)
        let here = Self.list(table, .here)
        let everywhere = table.elements(ServiceRuleset.SetName.everywhere)
        let stay = table.elements(ServiceRuleset.SetName.here)
        entries = table.elements(ServiceRuleset.SetName.frontends).compactMap { key, element in
            guard let frontend = ElementBytes.frontend(from: key[...]) else { return nil }
            return Entry(
                frontend: frontend,
                code: element.code,
                affinity: [element.code, everywhere[key]?.code, stay[key]?.code].lazy
                    .compactMap { $0?.picker?.affinity }.first,
                count: (element.code == .bySource ? everywhere[key]?.code : element.code)?.count ?? 0,
                comment: element.comment,
                connections: element.packets,
                endpoints: endpoints[frontend] ?? [:],
                here: here[frontend] ?? [:]
            )
        }.sorted { $0.frontend < $1.frontend }
        clusterIPs = table.elements(ServiceRuleset.SetName.clusterIPs).reduce(into: [:]) { found, element in
            if let address = IPAddress(bytes: element.key) { found[address] = element.value.comment ?? "" }
        }
    }

    /// Endpoints by index. Those that go by a number of their own get the index that leads to it, if there is one.
    private static func list(_ table: Table, _ picker: Picker) -> [Frontend: [Int: Target]] {
        var endpoints: [Frontend: [Int: Target]] = [:]
        let indices = indices(table, picker)
        for (key, element) in table.elements(picker.endpoints) {
            guard let (number, frontend) = ElementBytes.slot(from: key),
                let address = element.data.flatMap({ ElementBytes.endpoint(from: $0[...]) })
            else { continue }
            guard let index = indices[frontend].map({ $0[number] }) ?? number else { continue }
            endpoints[frontend, default: [:]][Int(index)] = Target(address: address, connections: element.packets)
        }
        return endpoints
    }

    private static func indices(_ table: Table, _ picker: Picker) -> [Frontend: [UInt32: UInt32]] {
        var indices: [Frontend: [UInt32: UInt32]] = [:]
        for (key, element) in table.elements(picker.identities) {
            guard let (index, frontend) = ElementBytes.slot(from: key),
                let number = element.data.flatMap({ RegisterBytes.number(host: $0) })
            else { continue }
            indices[frontend, default: [:]][number] = index
        }
        return indices
    }
}

extension Table {
    /// The elements of a set or map; none when there is no such set.
    func elements(_ set: String) -> [[UInt8]: Element] { sets[set]?.elements ?? [:] }
}

extension Element {
    /// The bytes that a map's element leads to.
    var data: [UInt8]? {
        guard case .data(let bytes) = value else { return nil }
        return bytes
    }
}
