import Addressing
import NetworkModel

extension ServiceRuleset {
    /// The names of the sets and maps.
    package enum SetName {
        /// What clients connect to, and which chain goes on with it.
        package static let frontends = "frontends"
        /// Endpoints by index.
        package static let endpoints = "endpoints"
        /// Virtual addresses.
        package static let clusterIPs = "cluster-ips"
        /// Local endpoints with themselves.
        package static let hairpin = "hairpin"
        /// The static map from a code to a chain.
        package static let pickers = "pickers"
        /// The static map from 0 to the chain that refuses.
        package static let refusals = "refusals"
        /// Where clients may go to any node, of frontends that go by the source.
        package static let everywhere = "everywhere"
        /// Where clients stay on this node, of frontends that go by the source.
        package static let here = "here"
        /// Endpoints of this node by index, of frontends that go by the source.
        package static let endpointsHere = "endpoints-here"
        /// Numbers of endpoints by index, of frontends with session affinity.
        package static let identities = "identities"
        /// The same for `endpointsHere`.
        package static let identitiesHere = "identities-here"
        /// What the maps of clients and their endpoints begin with, one for each way of picking with affinity.
        static let affinity = "affinity"
        /// What has no endpoint, besides virtual addresses.
        package static let refused = "refused"
        /// Whose clients get the node's address.
        package static let masqueraded = "masqueraded"
        /// Whose clients on this node get the node's address.
        package static let masqueradedFromNode = "masqueraded-from-node"
        /// What not everybody may connect to.
        package static let restricted = "restricted"

        /// Who may connect to something restricted, by networks of `prefixLength` bits.
        package static func allowed(_ prefixLength: Int) -> String { "\(allowedPrefix)\(prefixLength)" }

        /// The length of prefixes of a set of allowed networks, or nil for another set.
        package static func prefixLength(ofSet name: String) -> Int? {
            guard name.hasPrefix(allowedPrefix), let length = Int(name.dropFirst(allowedPrefix.count)) else {
                return nil
            }
            return allowed(length) == name ? length : nil
        }

        private static let allowedPrefix = "allowed-"

        /// Those that follow the services and are always there, in the order in which packets meet them.
        package static let dynamic = [
            restricted, frontends, everywhere, here, identities, identitiesHere, endpoints, endpointsHere, refused,
            clusterIPs, hairpin, masqueraded, masqueradedFromNode,
        ]

        /// Sets of allowed networks first, then as in `dynamic`.
        static func precedes(_ left: String, _ right: String) -> Bool {
            let (one, other) = (dynamic.firstIndex(of: left) ?? -1, dynamic.firstIndex(of: right) ?? -1)
            return one == other ? left < right : one < other
        }

        /// Whether a set's elements follow the services.
        static func isDynamic(_ name: String) -> Bool { dynamic.contains(name) || prefixLength(ofSet: name) != nil }
    }

    private var address: ElementSet.DataType { family == .v4 ? .ipv4Address : .ipv6Address }
    private var frontendKey: [ElementSet.DataType] { [address, .inetProto, .inetService] }

    /// The sets that are always there, without elements.
    var emptySets: [String: ElementSet] {
        [
            SetName.frontends: codes("what a client connects to: the number of its chain in pickers"),
            SetName.endpoints: list("endpoints by index and what the client connects to"),
            SetName.everywhere: codes("by-source: for pods and this node, which may go to any node"),
            SetName.here: codes("by-source: for everybody else, who stays on this node"),
            SetName.endpointsHere: list("by-source: endpoints of this node by index and what the client connects to"),
            SetName.identities: identities("session affinity: numbers of endpoints by index and frontend"),
            SetName.identitiesHere: identities("by-source: numbers of endpoints of this node by index and frontend"),
            SetName.clusterIPs: ElementSet(
                key: [address],
                comment: "virtual addresses: a packet still addressed to one of them is rejected"
            ),
            SetName.refusals: ElementSet(
                key: [.classID],
                value: .verdict,
                comment: "empty as soon as the table is being deleted: then clients shall try again"
            ),
            SetName.hairpin: ElementSet(
                key: [address, address],
                comment: "local endpoints, which may reach themselves through a service"
            ),
            SetName.refused: frontends("node ports and external addresses without any endpoint"),
            SetName.masqueraded: frontends("clients get this node's address, since the endpoint may be elsewhere"),
            SetName.masqueradedFromNode: frontends("clients on this node get its address"),
            SetName.restricted: frontends("load balancer addresses that not everybody may use"),
            SetName.pickers: ElementSet(
                key: [.classID],
                value: .verdict,
                comment: "number of a chain: the chain that picks an endpoint"
            ),
        ]
    }

    /// The set of networks of `length` bits that may use restricted frontends.
    func allowedSet(_ length: Int) -> ElementSet {
        ElementSet(
            key: frontendKey + [address],
            comment: "who may use restricted addresses, by their first \(length) bits"
        )
    }

    /// The clients that come back to an endpoint, and its number.
    func affinityMap(_ affinity: Affinity, _ settings: ProxySettings) -> ElementSet {
        ElementSet(
            key: [address] + frontendKey,
            value: .data([.classID]),
            dynamic: ElementSet.Dynamic(timeout: affinity.seconds, size: settings.affinityClients),
            comment: "session affinity: the endpoint that a client comes back to"
        )
    }

    private func identities(_ comment: String) -> ElementSet {
        ElementSet(key: [.mark] + frontendKey, value: .data([.classID]), comment: comment)
    }

    private func codes(_ comment: String) -> ElementSet {
        ElementSet(key: frontendKey, value: .data([.classID]), comment: comment)
    }

    private func list(_ comment: String) -> ElementSet {
        ElementSet(key: [.mark] + frontendKey, value: .data([address, .inetService]), comment: comment)
    }

    private func frontends(_ comment: String) -> ElementSet { ElementSet(key: frontendKey, comment: comment) }
}
