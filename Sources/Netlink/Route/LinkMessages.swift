import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// A link object of libnl, from which requests about links are built.
@safe struct LinkObject: ~Copyable {
    let raw: OpaquePointer

    /// A link without a kind, to refer to one or change one.
    init() { unsafe raw = allocated(rtnl_link_alloc()) }

    /// A link of the bridge kind.
    static func bridge() -> LinkObject { unsafe LinkObject(adopting: allocated(rtnl_link_bridge_alloc())) }

    private init(adopting raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe rtnl_link_put(raw) }

    func setName(_ name: InterfaceName) { unsafe rtnl_link_set_name(raw, name.text) }
    func setIndex(_ index: Int32) { unsafe rtnl_link_set_ifindex(raw, index) }
    func setMTU(_ mtu: Int) { unsafe rtnl_link_set_mtu(raw, UInt32(clamping: mtu)) }
    func setNamespace(_ descriptor: Int32) { unsafe rtnl_link_set_ns_fd(raw, descriptor) }

    func setAddress(_ mac: MACAddress) {
        let address = NLAddress(mac)
        unsafe rtnl_link_set_addr(raw, address.raw)
    }

    func setFlag(_ flag: Int, _ isSet: Bool) {
        if isSet {
            unsafe rtnl_link_set_flags(raw, UInt32(flag))
        } else {
            unsafe rtnl_link_unset_flags(raw, UInt32(flag))
        }
    }

    /// RTM_NEWLINK, which with NLM_F_CREATE makes a link, without it changes one.
    func newRequest(flags: Int32 = 0) -> Message {
        unsafe Message { unsafe rtnl_link_build_add_request(raw, flags, $0) }
    }

    /// RTM_DELLINK
    func deleteRequest() -> Message {
        unsafe Message { unsafe rtnl_link_build_delete_request(raw, $0) }
    }

    /// Takes over what a new link is to have from its first moment on.
    func setInitial(_ link: Link) {
        setName(link.id.name)
        if let mac = link.mac { setAddress(mac) }
        if let mtu = link.mtu { setMTU(mtu) }
    }
}

/// The requests that make and change links.
enum LinkMessages {
    private static let createFlags = NLM_F_CREATE | NLM_F_EXCL

    /// Flags of a link that are set or taken away; all others stay as they are.
    struct Flags {
        private(set) var values: UInt32 = 0
        private(set) var mask: UInt32 = 0

        mutating func set(_ flag: Int, _ isSet: Bool) {
            mask |= UInt32(flag)
            if isSet { values |= UInt32(flag) }
        }
    }

    /// Changes the link with this number: its flags here, the rest by attributes.
    static func change(index: Int32, _ flags: Flags = Flags()) -> Message {
        var message = Message(type: RTM_NEWLINK)
        var header = ifinfomsg()
        header.ifi_index = index
        header.ifi_flags = flags.values
        header.ifi_change = flags.mask
        message.append(header)
        return message
    }

    /// Makes a bridge, up at once if it is to be.
    static func createBridge(_ link: Link) -> Message {
        let bridge = LinkObject.bridge()
        bridge.setInitial(link)
        if let isUp = link.isUp { bridge.setFlag(IFF_UP, isUp) }
        if let isPromiscuous = link.isPromiscuous { bridge.setFlag(IFF_PROMISC, isPromiscuous) }
        return bridge.newRequest(flags: createFlags)
    }

    /// Makes a pair in one message, the peer inside the namespace behind `peerNamespace` if that is another one.
    ///
    /// A pair that nobody tells otherwise gets queues for every processor and then stops using all but the first
    /// (drivers/net/veth.c, veth_init_queues), all of which sysfs has to show and to forget.
    static func createVethPair(_ link: Link, master: Int32?, peer: Link, peerNamespace: Int32?) -> Message {
        var message = Message(type: RTM_NEWLINK, flags: createFlags)
        message.append(ifinfomsg())
        message.describeEnd(link)
        if let master { message.append(attribute: IFLA_MASTER, master) }
        message.nest(IFLA_LINKINFO) { info in
            info.append(attribute: IFLA_INFO_KIND, "veth")
            info.nest(IFLA_INFO_DATA) { data in
                data.nest(peerOfVeth) { other in
                    other.append(ifinfomsg())
                    other.describeEnd(peer)
                    if let peerNamespace { other.append(attribute: IFLA_NET_NS_FD, peerNamespace) }
                }
            }
        }
        return message
    }

    /// VETH_INFO_PEER of <linux/veth.h>
    private static var peerOfVeth: Int { 1 }

    /// Makes a macvlan of the link with the number `parent`, in the namespace behind `descriptor` if that is another.
    static func createMacvlan(_ link: Link, _ macvlan: Link.Macvlan, parent: Int32, in descriptor: Int32?) -> Message {
        let object = LinkObject()
        object.setInitial(link)
        if let descriptor { object.setNamespace(descriptor) }
        var message = object.newRequest(flags: createFlags)
        message.append(attribute: IFLA_LINK, parent)
        message.nest(IFLA_LINKINFO) { info in
            info.append(attribute: IFLA_INFO_KIND, "macvlan")
            info.nest(IFLA_INFO_DATA) { data in
                data.append(attribute: IFLA_MACVLAN_MODE, macvlan.mode.number)
                if let length = macvlan.broadcastQueue { data.append(attribute: IFLA_MACVLAN_BC_QUEUE_LEN, length) }
            }
        }
        return message
    }

    /// Makes an intermediate device.
    static func createIFB(_ link: Link) -> Message {
        let object = LinkObject()
        object.setInitial(link)
        var message = object.newRequest(flags: createFlags)
        message.nest(IFLA_LINKINFO) { $0.append(attribute: IFLA_INFO_KIND, "ifb") }
        return message
    }

    /// Gives the link with this number another name, in the namespace behind `descriptor` if that is another one.
    ///
    /// One message does both (net/core/rtnetlink.c, do_setlink: the namespace first), so there is no moment in which
    /// the link is in the other namespace under its old name.
    static func move(index: Int32, to name: InterfaceName, in descriptor: Int32?) -> Message {
        let object = LinkObject()
        object.setIndex(index)
        object.setName(name)
        if let descriptor { object.setNamespace(descriptor) }
        return object.newRequest()
    }

    /// Deletes a link, by its number where that is known: the name may be another link's by now.
    static func delete(_ link: Link) -> Message {
        let object = LinkObject()
        if let index = link.index {
            object.setIndex(Int32(clamping: index))
        } else {
            object.setName(link.id.name)
        }
        return object.deleteRequest()
    }

    /// Looks a link up by name; the kernel's statistics stay away.
    static func get(_ name: InterfaceName) -> Message { get(index: 0) { $0.append(attribute: IFLA_IFNAME, name.text) } }

    /// Looks a link up by number.
    static func get(index: Int32) -> Message { get(index: index) { _ in } }

    /// Asks for all links.
    static func dump() -> Message { get(index: 0) { _ in } }

    private static func get(index: Int32, _ key: (inout Message) -> Void) -> Message {
        var message = Message(type: RTM_GETLINK)
        var header = ifinfomsg()
        header.ifi_index = index
        message.append(header)
        key(&message)
        message.append(attribute: IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        return message
    }
}

extension Message {
    /// What an end of a pair is to have from its first moment on.
    fileprivate mutating func describeEnd(_ link: Link) {
        append(attribute: IFLA_IFNAME, link.id.name.text)
        if let mac = link.mac { append(attribute: IFLA_ADDRESS, mac.bytes) }
        if let mtu = link.mtu { append(attribute: IFLA_MTU, UInt32(clamping: mtu)) }
        append(attribute: IFLA_NUM_TX_QUEUES, UInt32(1))
        append(attribute: IFLA_NUM_RX_QUEUES, UInt32(1))
    }
}

extension Link.Macvlan.Mode {
    /// `MACVLAN_MODE_*` (linux/if_link.h)
    var number: UInt32 {
        switch self {
        case .private: 1
        case .vepa: 2
        case .bridge: 4
        case .passthru: 8
        }
    }
}
