import Addressing
import NetworkModel

/// One element of a published port in the table.
struct PortMapElement: Hashable {
    let set: String
    let key: [UInt8]
    let value: [UInt8]?

    private init(_ set: PortMapSet, _ key: [[UInt8]], _ value: [[UInt8]]? = nil) {
        self.set = set.name
        self.key = RegisterBytes.concatenation(key)
        self.value = value.map(RegisterBytes.concatenation)
    }

    /// From the node's port to the pod's.
    static func dnat(_ published: PortMapDesired.Published) -> PortMapElement {
        let mapping = published.mapping
        let port = [[mapping.transport.number], RegisterBytes.port(mapping.hostPort.number)]
        let pod = [published.end.address.bytes, RegisterBytes.port(published.end.port.number)]
        guard let hostIP = mapping.hostIP else {
            return PortMapElement(PortMapSet(.anyAddress, published.family), port, pod)
        }
        return PortMapElement(PortMapSet(.oneAddress, published.family), [hostIP.bytes] + port, pod)
    }

    /// The address that replaces the loopback address as the source.
    static func loopback(_ published: PortMapDesired.Published, from source: IPAddress) -> PortMapElement {
        let mapping = published.mapping
        let key = [[mapping.transport.number], RegisterBytes.port(mapping.hostPort.number)]
        return PortMapElement(PortMapSet(.loopback, published.family), key, [source.bytes])
    }

    /// The pod as its own client.
    static func hairpin(_ published: PortMapDesired.Published) -> PortMapElement {
        let address = published.pod.cidr.address.bytes
        return PortMapElement(PortMapSet(.hairpin, published.family), [address, address])
    }

    /// Clients behind the same link as the pod.
    static func neighbors(_ published: PortMapDesired.Published, of link: InterfaceName) -> PortMapElement {
        let key = [RegisterBytes.interfaceName(link), published.pod.cidr.address.bytes]
        return PortMapElement(PortMapSet(.neighbors, published.family), key)
    }

    /// Every client of the port.
    static func masqueradedPort(_ published: PortMapDesired.Published) -> PortMapElement {
        let mapping = published.mapping
        let key = [
            published.pod.cidr.address.bytes, [mapping.transport.number],
            RegisterBytes.port(mapping.hostPort.number),
        ]
        return PortMapElement(PortMapSet(.masqueraded, published.family), key)
    }
}
