package import Addressing

/// A network interface.
///
/// Observed links have every optional set that applies to them. In a desired link nil means "as it is".
package struct Link: Hashable, Sendable {
    /// What kind of device it is, with what only that kind has.
    package enum Kind: Hashable, Sendable {
        case bridge
        /// One end of a pair; the other end, when it is in one of the two namespaces looked at.
        case veth(peer: LinkID?)
        case loopback
        case macvlan(Macvlan)
        /// An intermediate device: what is sent to it comes back to where it was on its way to.
        case ifb
        /// The kernel's name of any other kind (`IFLA_INFO_KIND`), or `""` for a device without one.
        case other(String)
    }

    /// What only a macvlan has.
    package struct Macvlan: Hashable, Sendable {
        /// How macvlans of one parent see each other (`IFLA_MACVLAN_MODE`).
        package enum Mode: String, Hashable, Sendable, CaseIterable { case bridge, `private`, vepa, passthru }

        /// The link whose network it is on, when it is in one of the two namespaces looked at.
        package var parent: LinkID?
        /// How it sees other macvlans.
        package var mode: Mode
        /// How many broadcasts may wait (`IFLA_MACVLAN_BC_QUEUE_LEN`), nil for the kernel's number. Never observed.
        package var broadcastQueue: UInt32?

        /// Describes what makes a link a macvlan.
        package init(parent: LinkID?, mode: Mode, broadcastQueue: UInt32? = nil) {
            self.parent = parent
            self.mode = mode
            self.broadcastQueue = broadcastQueue
        }
    }

    /// The options of a bridge port (`IFLA_BRPORT_*`).
    package struct BridgePort: Hashable, Sendable {
        /// Whether frames may leave by the port they came in by.
        package var hairpinMode: Bool?
        /// Whether frames to other isolated ports are dropped.
        package var isolated: Bool?
        /// Its VLANs; observed only where a scope asks for them.
        package var vlans: PortVLANs?

        /// Names the options that matter; nil is "as it is".
        package init(hairpinMode: Bool? = nil, isolated: Bool? = nil, vlans: PortVLANs? = nil) {
            self.hairpinMode = hairpinMode
            self.isolated = isolated
            self.vlans = vlans
        }
    }

    /// The options of a bridge (`IFLA_BR_*`).
    package struct BridgeOptions: Hashable, Sendable {
        /// Whether ports have VLANs, and pass frames of no other ones. Nil, observed, on a kernel without.
        package var filtersVLANs: Bool?
        /// The VLAN that a new port gets by itself, 0 for none; only observed.
        package var defaultVLAN: Int?

        /// Names the options that matter; nil is "as it is".
        package init(filtersVLANs: Bool? = nil, defaultVLAN: Int? = nil) {
            self.filtersVLANs = filtersVLANs
            self.defaultVLAN = defaultVLAN
        }
    }

    /// Name and namespace.
    package var id: LinkID
    /// The kind of device.
    package var kind: Kind
    /// The hardware address.
    package var mac: MACAddress?
    /// Desired of a bridge whose address was not given to it by us: that it stays what it is. Never observed, since the
    /// kernel does not tell; and so never a fault, and wanted anew by every plan.
    package var keepsMAC: Bool?
    /// In bytes.
    package var mtu: Int?
    /// IFF_UP
    package var isUp: Bool?
    /// IFF_PROMISC
    package var isPromiscuous: Bool?
    /// IFF_ALLMULTI
    package var isAllMulticast: Bool?
    /// `IFLA_TXQLEN`, in packets.
    package var transmitQueueLength: Int?
    /// `IFLA_IFALIAS`; observed as `""` where there is none.
    package var alias: String?
    /// The bridge that it is a port of. Of an observed link nil is "none".
    package var master: InterfaceName?
    /// Set for a bridge's ports.
    package var bridgePort: BridgePort?
    /// Set for bridges.
    package var bridge: BridgeOptions?
    /// The kernel's number for it; set when observed, never compared.
    package var index: Int?

    /// Describes a link.
    package init(
        _ id: LinkID,
        kind: Kind,
        mac: MACAddress? = nil,
        mtu: Int? = nil,
        isUp: Bool? = nil,
        isPromiscuous: Bool? = nil,
        alias: String? = nil,
        master: InterfaceName? = nil,
        bridgePort: BridgePort? = nil,
        bridge: BridgeOptions? = nil,
        index: Int? = nil
    ) {
        self.id = id
        self.kind = kind
        self.mac = mac
        self.mtu = mtu
        self.isUp = isUp
        self.isPromiscuous = isPromiscuous
        self.alias = alias
        self.master = master
        self.bridgePort = bridgePort
        self.bridge = bridge
        self.index = index
    }
}
