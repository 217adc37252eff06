import Addressing
import CNLRoute
import Glibc
import NetworkModel

/// A sysctl that RTM_NEWLINK tells of a link (IFLA_AF_SPEC), and some of which it sets.
///
/// The file below `/proc/sys/net` is the same value by a longer way: to find it the kernel compares the names of every
/// namespace's files (fs/proc/proc_sysctl.c, `proc_sys_compare`), so it takes longer with every pod on the node.
struct LinkSetting: Hashable {
    /// Whose setting it is.
    let link: LinkID
    /// By which attribute.
    let key: Key

    /// Where the value lies.
    enum Key: Hashable {
        /// One of IPV4_DEVCONF_*.
        case ipv4(Int)
        /// One of DEVCONF_*.
        case ipv6(Int)
        /// IFLA_INET6_ADDR_GEN_MODE
        case addressGeneration
    }

    /// The setting that the sysctl is, if it is one of a link and known here.
    init?(_ sysctl: Sysctl) {
        guard let link = sysctl.link, let key = Key(sysctl.path) else { return nil }
        self.link = link
        self.key = key
    }

    /// Whether the kernel takes it by netlink, too: of IPv6 only the mode does (net/ipv6/addrconf.c, `inet6_set_link_af`).
    var isWritable: Bool {
        if case .ipv6 = key { false } else { true }
    }

    /// The request that sets it.
    func message(_ value: Int32, index: Int32) -> Message {
        var message = Message(type: RTM_NEWLINK)
        var header = ifinfomsg()
        header.ifi_index = index
        message.append(header)
        message.nest(IFLA_AF_SPEC) { families in
            switch key {
            case .ipv4(let number):
                families.nest(Int(AF_INET)) { family in
                    family.nest(IFLA_INET_CONF) { $0.append(attribute: number, value) }
                }
            case .addressGeneration:
                families.nest(Int(AF_INET6)) { family in
                    family.append(attribute: IFLA_INET6_ADDR_GEN_MODE, UInt8(clamping: value))
                }
            case .ipv6: preconditionFailure("not writable: \(key)")
            }
        }
        return message
    }
}

/// What RTM_NEWLINK tells of a link's settings.
struct LinkSettings {
    /// By IPV4_DEVCONF_*, which begin with 1.
    private var ipv4: [Int32] = []
    /// By DEVCONF_*.
    private var ipv6: [Int32] = []
    private var addressGeneration: UInt8?

    /// The value, or nil where the link, or this kernel, has none.
    func value(_ key: LinkSetting.Key) -> Int32? {
        switch key {
        case .ipv4(let number): ipv4.indices.contains(number - 1) ? ipv4[number - 1] : nil
        case .ipv6(let number): ipv6.indices.contains(number) ? ipv6[number] : nil
        case .addressGeneration: addressGeneration.map(Int32.init)
        }
    }

    /// Reads the payload of IFLA_AF_SPEC.
    mutating func take(_ families: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: families) { family, values throws(MalformedMessage) in
            try forEachAttribute(in: values) { type, value throws(MalformedMessage) in
                switch (Int32(family), type) {
                case (AF_INET, IFLA_INET_CONF): ipv4 = try value.numbers()
                case (AF_INET6, IFLA_INET6_CONF): ipv6 = try value.numbers()
                case (AF_INET6, IFLA_INET6_ADDR_GEN_MODE): addressGeneration = try value.number()
                default: break
                }
            }
        }
    }
}

extension RawSpan {
    /// An array of numbers in the machine's byte order.
    fileprivate func numbers() throws(MalformedMessage) -> [Int32] {
        var numbers: [Int32] = []
        numbers.reserveCapacity(byteCount / 4)
        for offset in stride(from: 0, to: byteCount & ~3, by: 4) {
            numbers.append(try load(at: offset, as: Int32.self))
        }
        return numbers
    }
}

extension LinkSetting.Key {
    fileprivate init?(_ path: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let setting = slash.map { path[path.utf8.index(after: $0)...] }
        switch (path.hasPrefix("ipv4/conf/"), path.hasPrefix("ipv6/conf/"), setting) {
        case (true, _, "accept_redirects"): self = .ipv4(IPV4_DEVCONF_ACCEPT_REDIRECTS)
        case (true, _, "arp_notify"): self = .ipv4(IPV4_DEVCONF_ARP_NOTIFY)
        case (true, _, "send_redirects"): self = .ipv4(IPV4_DEVCONF_SEND_REDIRECTS)
        case (_, true, "accept_dad"): self = .ipv6(DEVCONF_ACCEPT_DAD)
        case (_, true, "accept_ra"): self = .ipv6(DEVCONF_ACCEPT_RA)
        case (_, true, "addr_gen_mode"): self = .addressGeneration
        case (_, true, "disable_ipv6"): self = .ipv6(DEVCONF_DISABLE_IPV6)
        case (_, true, "keep_addr_on_down"): self = .ipv6(DEVCONF_KEEP_ADDR_ON_DOWN)
        default: return nil
        }
    }
}
