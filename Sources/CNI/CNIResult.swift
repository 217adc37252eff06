package import Addressing

/// What an ADD made, in the terms of the newest version; `json(as:)` writes it for any.
package struct CNIResult: Hashable, Sendable {
    /// The interfaces, outermost first as the plugins made them.
    package var interfaces: [Interface]
    /// The addresses.
    package var ips: [IP]
    /// The routes, in the order in which they are to be set.
    package var routes: [Route]
    /// Name resolution.
    package var dns: DNS

    /// Collects the parts.
    package init(interfaces: [Interface] = [], ips: [IP] = [], routes: [Route] = [], dns: DNS = DNS()) {
        self.interfaces = interfaces
        self.ips = ips
        self.routes = routes
        self.dns = dns
    }

    /// The interface that an address is on, when the result says so and has it.
    package func interface(of ip: IP) -> Interface? {
        ip.interface.flatMap { interfaces.indices.contains($0) ? interfaces[$0] : nil }
    }
}

extension CNIResult {
    /// An interface on the host or in a container.
    ///
    /// Name and MAC are texts, since a foreign plugin's need not be Ethernet's and are passed on as they came.
    package struct Interface: Hashable, Sendable {
        /// The name where it is.
        package var name: String
        /// The hardware address; nil when the plugin gave none.
        package var mac: String?
        /// Bytes.
        package var mtu: Int?
        /// Byte for byte the `CNI_NETNS` of the container that it is in; nil on the host.
        package var sandbox: String?
        /// The socket of a vhost-user interface.
        package var socketPath: String?
        /// The PCI function behind the interface.
        package var pciID: String?

        /// Describes an interface by texts.
        package init(
            name: String,
            mac: String? = nil,
            mtu: Int? = nil,
            sandbox: String? = nil,
            socketPath: String? = nil,
            pciID: String? = nil
        ) {
            self.name = name
            self.mac = mac
            self.mtu = mtu
            self.sandbox = sandbox
            self.socketPath = socketPath
            self.pciID = pciID
        }

        /// Describes an interface of ours.
        package init(_ name: InterfaceName, mac: MACAddress, mtu: Int? = nil, sandbox: String? = nil) {
            self.init(name: name.text, mac: mac.description, mtu: mtu, sandbox: sandbox)
        }

        /// The hardware address when it is an Ethernet one.
        package var macAddress: MACAddress? { mac.flatMap(MACAddress.init) }
    }

    /// An address of an interface.
    package struct IP: Hashable, Sendable {
        /// The address with its prefix.
        package var address: CIDR
        /// The address's gateway.
        package var gateway: IPAddress?
        /// Which of the result's interfaces has it; use `interface(of:)`, since a foreign index may lead nowhere.
        package var interface: Int?

        /// Describes an address.
        package init(_ address: CIDR, gateway: IPAddress? = nil, interface: Int? = nil) {
            self.address = address
            self.gateway = gateway
            self.interface = interface
        }
    }

    /// A route in the container.
    package struct Route: Hashable, Sendable {
        /// Where to.
        package var destination: CIDR
        /// Through which gateway; nil: the plugin decides.
        package var gateway: IPAddress?
        /// Bytes.
        package var mtu: Int?
        /// The TCP segment size to announce, in bytes.
        package var advmss: Int?
        /// The metric.
        package var priority: Int?
        /// The routing table's number; 0 is a value of its own.
        package var table: Int?
        /// 0 global, 253 link, 254 host.
        package var scope: Int?

        /// Describes a route.
        package init(
            _ destination: CIDR,
            gateway: IPAddress? = nil,
            mtu: Int? = nil,
            advmss: Int? = nil,
            priority: Int? = nil,
            table: Int? = nil,
            scope: Int? = nil
        ) {
            self.destination = destination
            self.gateway = gateway
            self.mtu = mtu
            self.advmss = advmss
            self.priority = priority
            self.table = table
            self.scope = scope
        }
    }
}
