import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// What RTM_NEWLINK says of a link, in the kernel's numbers.
package struct LinkRecord {
    var index: Int32 = 0
    var flags: UInt32 = 0
    var name = ""
    var kind = ""
    var mac: MACAddress?
    var mtu: Int?
    var transmitQueueLength: Int?
    var alias = ""
    var masterIndex: Int32?
    var portKind = ""
    var port = Link.BridgePort()
    var bridge = Link.BridgeOptions()
    /// `MACVLAN_MODE_*`
    var macvlanMode: UInt32?
    /// The other end of a veth or the parent of a macvlan, counted in the namespace `peerNamespace`.
    var peerIndex: Int32?
    /// The kernel's number, in this namespace, for the one that the peer is in; nil when it is this one.
    var peerNamespace: Int32?
    /// `IF_OPER_*`
    var operationalState: UInt8 = 0
    var settings = LinkSettings()

    var isUp: Bool { flags & UInt32(IFF_UP) != 0 }
    var isPromiscuous: Bool { flags & UInt32(IFF_PROMISC) != 0 }
    var isAllMulticast: Bool { flags & UInt32(IFF_ALLMULTI) != 0 }
    var isLoopback: Bool { flags & UInt32(IFF_LOOPBACK) != 0 }
    /// Whether frames can pass.
    ///
    /// A link whose driver says nothing stays "unknown" (Documentation/networking/operstates.rst); one of a pair is
    /// "unknown" only until the kernel gets round to looking.
    var isOperational: Bool {
        operationalState == Self.up || (operationalState == Self.unknown && isUp && kind != "veth")
    }

    // IF_OPER_* of <linux/if.h>, which cannot be included beside libc's <net/if.h>.
    private static let unknown: UInt8 = 0
    private static let up: UInt8 = 6

    /// Reads the message's fixed part and attributes.
    package init(_ payload: RawSpan) throws(MalformedMessage) {
        let header = try payload.load(at: 0, as: ifinfomsg.self)
        index = header.ifi_index
        flags = header.ifi_flags
        try forEachAttribute(in: payload, from: MemoryLayout<ifinfomsg>.size) { type, value throws(MalformedMessage) in
            try take(type, value)
        }
    }

    private mutating func take(_ type: Int, _ value: RawSpan) throws(MalformedMessage) {
        switch type {
        case IFLA_IFNAME: name = value.string()
        case IFLA_ADDRESS: mac = value.macAddress()
        case IFLA_MTU: mtu = Int(try value.number(UInt32.self))
        case IFLA_TXQLEN: transmitQueueLength = Int(try value.number(UInt32.self))
        case IFLA_IFALIAS: alias = value.string()
        case IFLA_MASTER: masterIndex = try value.number()
        case IFLA_LINK: peerIndex = try value.number()
        case IFLA_LINK_NETNSID: peerNamespace = try value.number()
        case IFLA_OPERSTATE: operationalState = try value.number()
        case IFLA_LINKINFO: try takeInfo(value)
        case IFLA_AF_SPEC: try settings.take(value)
        default: break
        }
    }

    private mutating func takeInfo(_ info: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: info) { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_INFO_KIND: kind = value.string()
            case IFLA_INFO_DATA where kind == "bridge": try takeBridgeOptions(value)
            case IFLA_INFO_SLAVE_KIND: portKind = value.string()
            case IFLA_INFO_DATA: try takeData(value)
            case IFLA_INFO_SLAVE_DATA: try takePortOptions(value)
            default: break
            }
        }
    }

    /// What each kind says in numbers of its own; the kind's name comes before.
    private mutating func takeData(_ data: RawSpan) throws(MalformedMessage) {
        guard kind == "macvlan" else { return }
        try forEachAttribute(in: data) { type, value throws(MalformedMessage) in
            if type == IFLA_MACVLAN_MODE { macvlanMode = try value.number() }
        }
    }

    /// The numbers are those of a bridge's port; another kind of master has other ones, and is not asked for them.
    private mutating func takePortOptions(_ options: RawSpan) throws(MalformedMessage) {
        guard portKind == "bridge" else { return }
        try forEachAttribute(in: options) { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_BRPORT_MODE: port.hairpinMode = try value.number(UInt8.self) != 0
            case IFLA_BRPORT_ISOLATED: port.isolated = try value.number(UInt8.self) != 0
            default: break
            }
        }
    }

    private mutating func takeBridgeOptions(_ options: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: options) { type, value throws(MalformedMessage) in
            switch type {
            case IFLA_BR_VLAN_FILTERING: bridge.filtersVLANs = try value.number(UInt8.self) != 0
            case IFLA_BR_VLAN_DEFAULT_PVID: bridge.defaultVLAN = Int(try value.number(UInt16.self))
            default: break
            }
        }
    }

    private func linkKind(_ peer: LinkID?) -> Link.Kind {
        if isLoopback { return .loopback }
        switch kind {
        case "bridge": return .bridge
        case "veth": return .veth(peer: peer)
        case "ifb": return .ifb
        case "macvlan":
            let mode = Link.Macvlan.Mode.allCases.first { $0.number == macvlanMode }
            return mode.map { .macvlan(Link.Macvlan(parent: peer, mode: $0)) } ?? .other(kind)
        default: return .other(kind)
        }
    }

    /// The link under this name, once its master and its peer have names.
    func link(_ id: LinkID, master: InterfaceName?, peer: LinkID?) -> Link {
        var link = Link(
            id,
            kind: linkKind(peer),
            mac: mac,
            mtu: mtu,
            isUp: isUp,
            isPromiscuous: isPromiscuous,
            alias: alias,
            master: master,
            bridgePort: portKind == "bridge" ? port : nil,
            bridge: kind == "bridge" ? bridge : nil,
            index: Int(index)
        )
        link.isAllMulticast = isAllMulticast
        link.transmitQueueLength = transmitQueueLength
        return link
    }
}
