package import Addressing

/// What is, or should be, in the two namespaces of an attachment: as much of it as someone looked at or asked for.
package struct NetworkState: Hashable, Sendable {
    /// Links by name and namespace.
    package var links: [LinkID: Link] = [:]
    /// Addresses on links.
    package var addresses: Set<LinkAddress> = []
    /// Routes.
    package var routes: Set<Route> = []
    /// Rules that lead to routing tables.
    package var rules: Set<RoutingRule> = []
    /// Permanent neighbours.
    package var neighbors: Set<Neighbor> = []
    /// How traffic of links is shaped.
    package var shaping: Set<Shaping> = []
    /// Values of sysctls, without the line's end. A sysctl that the kernel does not have is absent.
    package var sysctls: [Sysctl: String] = [:]
    /// Tables of nftables, in the host's namespace.
    package var ruleset = Ruleset()

    /// Nothing.
    package init() {}

    /// Whether there is nothing in it.
    package var isEmpty: Bool { self == NetworkState() }
}

/// What to look at: everything that a plan could have to change, and nothing that costs more with every other pod.
package struct Scope: Hashable, Sendable {
    /// Links to look up by name; one that is not there is absent from the observation.
    package var links: Set<LinkID> = []
    /// Ports, among the links, whose VLANs are wanted.
    package var vlansOf: Set<LinkID> = []
    /// Links whose addresses, all of them, are wanted.
    package var addressesOf: Set<LinkID> = []
    /// Links whose routes in table main, all but the kernel's own, are wanted.
    package var routesOf: Set<LinkID> = []
    /// Namespaces whose routes in all tables but `local`, those that came with addresses included, are wanted.
    package var tablesOf: Set<Place> = []
    /// Namespaces whose rules, all that lead to a table, are wanted.
    package var rulesOf: Set<Place> = []
    /// Destinations in the host's table main whose exact route is wanted, whatever link it is on.
    package var hostRoutesTo: Set<CIDR> = []
    /// Links whose permanent neighbours, all of them, are wanted.
    package var neighborsOf: Set<LinkID> = []
    /// Links whose shaping is wanted.
    package var shapingOf: Set<LinkID> = []
    /// Addresses whose permanent neighbour entry on a link of the host is wanted.
    package var hostNeighbors: Set<HostNeighbor> = []
    /// Sysctls to read.
    package var sysctls: Set<Sysctl> = []
    /// Tables to read, with how much of their sets.
    package var tables: [TableID: ElementScope] = [:]

    /// One neighbour entry to look up by its key.
    package struct HostNeighbor: Hashable, Sendable {
        /// The link's name in the host's namespace.
        package let link: InterfaceName
        /// The neighbour's address.
        package let address: IPAddress

        /// Names an entry.
        package init(_ link: InterfaceName, _ address: IPAddress) {
            self.link = link
            self.address = address
        }
    }

    /// One element to look up.
    package struct ElementKey: Hashable, Sendable {
        /// The name of the set or map.
        package let set: String
        /// The key's bytes.
        package let bytes: [UInt8]

        /// Names an element.
        package init(_ set: String, _ bytes: [UInt8]) {
            self.set = set
            self.bytes = bytes
        }
    }

    /// Which elements of a table's sets and maps to read.
    ///
    /// Who asks by comments wants to remove elements, and chains and rules stay as they are: they are not read.
    package enum ElementScope: Hashable, Sendable {
        /// Only those with these keys; each is one look-up.
        case keys([ElementKey])
        /// Those whose comment satisfies: equals this text. Reads every set once.
        case comment(String)
        /// Those whose comment begins so. Reads every set once.
        case commentPrefix(String)
        /// Those of these sets.
        case sets(Set<String>)
        /// All, but none of the sets that rules write to.
        case all

        /// Whether chains and their rules are wanted, too.
        package var includesChains: Bool {
            switch self {
            case .keys, .sets, .all: true
            case .comment, .commentPrefix: false
            }
        }
    }

    /// Nothing.
    package init() {}
}
