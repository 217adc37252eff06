import Addressing
import NetworkModel

/// Where the parts of the keys and values of the service maps are.
///
/// Each part is padded to four bytes. Addresses and ports are in network order as they are in packets; indices and
/// counts are numbers of the host.
struct ElementLayout {
    private let family: IPAddress.Family
    private let addressLength: Int

    init(_ family: IPAddress.Family) {
        self.family = family
        addressLength = family.bitWidth / 8
    }

    /// `address . protocol . port : code`
    ///
    /// The code's upper half tells which list its lower half counts: 0 `endpoints`, 1 `endpoints-here`, 2 one of both
    /// by the client's place, 3 none. With session affinity there are the highest bit, one for `endpoints-here`, 17 for
    /// the seconds, at most a day, and 13 for the count.
    func frontend(_ key: [UInt8], _ element: Element) -> (Frontend, KernelView.FrontendElement)? {
        guard let frontend = frontend(key[...]), case .data(let value)? = element.value,
            let code = Self.hostNumber(value[...])
        else { return nil }
        let (flavour, count) = Self.meaning(of: code)
        let content = KernelView.FrontendElement(
            count: flavour == 0 ? count : 0,
            countHere: flavour == 1 ? count : 0,
            isDropping: flavour == 3,
            strayNumber: flavour > 3 ? code : nil,
            owner: element.comment.flatMap(PortOwner.init(comment:)),
            connections: element.packets
        )
        return (frontend, content)
    }

    private static func meaning(of code: UInt32) -> (flavour: UInt32, count: Int) {
        guard code >> 31 == 1, (1...86_400).contains(code >> 13 & 0x1ffff) else {
            return (code >> 16, Int(code & 0xffff))
        }
        return (code >> 30 & 1, Int(code & 0x1fff))
    }

    /// `index . address . protocol . port : address . port`
    func endpoint(
        _ key: [UInt8],
        _ element: Element,
        in map: String
    ) -> (Frontend, KernelView.EndpointElement)? {
        guard let index = Self.hostNumber(key.prefix(4)), let frontend = frontend(key.dropFirst(4)),
            case .data(let value)? = element.value, value.count == addressLength + 4,
            let address = IPAddress(bytes: value.prefix(addressLength))
        else { return nil }
        let content = KernelView.EndpointElement(
            map: map,
            index: Int(index),
            address: address,
            port: Self.port(value.dropFirst(addressLength)),
            connections: element.packets
        )
        return (frontend, content)
    }

    /// `index . address . protocol . port : number of an endpoint`
    func identity(_ key: [UInt8], _ element: Element) -> (Frontend, index: Int, number: Int)? {
        guard let index = Self.hostNumber(key.prefix(4)), let frontend = frontend(key.dropFirst(4)),
            case .data(let value)? = element.value, let number = Self.hostNumber(value[...])
        else { return nil }
        return (frontend, Int(index), Int(number))
    }

    /// `address . protocol . port`
    func frontend(_ bytes: ArraySlice<UInt8>) -> Frontend? {
        guard bytes.count == addressLength + 8, let address = IPAddress(bytes: bytes.prefix(addressLength)) else {
            return nil
        }
        let rest = bytes.dropFirst(addressLength)
        guard let number = rest.first, let transport = TransportProtocol(number: number) else { return nil }
        return Frontend(address, transport, Self.port(rest.dropFirst(4)))
    }

    /// The first two bytes in network order.
    private static func port(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.prefix(2).reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Four bytes in the order of this machine.
    private static func hostNumber(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count == 4 else { return nil }
        return UInt32(littleEndian: bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })
    }
}
