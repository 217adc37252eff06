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

    /// Which one: those of IPv4 first, then those of IPv6.
    enum Key: Hashable {
        case acceptRedirects, arpNotify, sendRedirects
        case acceptDAD, acceptRA, disableIPv6, keepAddressesOnDown, addressGeneration
    }

    /// The setting that the sysctl is, if it is one of a link and known here.
    init?(_ sysctl: Sysctl) { self.init(sysctl, of: sysctl.link) }

    /// The same of a sysctl whose link is known.
    init?(_ sysctl: Sysctl, of link: LinkID?) {
        guard let link, let key = Key(sysctl.path) else { return nil }
        self.link = link
        self.key = key
    }

    /// Whether the kernel takes it by netlink, too: of IPv6 only the mode does (net/ipv6/addrconf.c, `inet6_set_link_af`).
    var isWritable: Bool {
        switch key {
        case .acceptRedirects, .arpNotify, .sendRedirects, .addressGeneration: true
        case .acceptDAD, .acceptRA, .disableIPv6, .keepAddressesOnDown: false
        }
    }

    /// The request that sets it.
    func message(_ value: Int32, index: Int32) -> Message {
        switch key {
        case .acceptRedirects: Self.ipv4(IPV4_DEVCONF_ACCEPT_REDIRECTS, value, index)
        case .arpNotify: Self.ipv4(IPV4_DEVCONF_ARP_NOTIFY, value, index)
        case .sendRedirects: Self.ipv4(IPV4_DEVCONF_SEND_REDIRECTS, value, index)
        case .addressGeneration:
            Self.message(family: AF_INET6, index) {
                $0.append(attribute: IFLA_INET6_ADDR_GEN_MODE, UInt8(clamping: value))
            }
        case .acceptDAD, .acceptRA, .disableIPv6, .keepAddressesOnDown: preconditionFailure("not writable: \(key)")
        }
    }

    private static func ipv4(_ number: Int, _ value: Int32, _ index: Int32) -> Message {
        message(family: AF_INET, index) { family in
            family.nest(IFLA_INET_CONF) { $0.append(attribute: number, value) }
        }
    }

    private static func message(family: Int32, _ index: Int32, _ content: (inout Message) -> Void) -> Message {
        var message = LinkMessages.change(index: index)
        message.nest(IFLA_AF_SPEC) { $0.nest(Int(family), content) }
        return message
    }
}

/// What RTM_NEWLINK tells of a link's settings: those of them that anybody asks for.
struct LinkSettings {
    private var acceptRedirects: Int32?
    private var arpNotify: Int32?
    private var sendRedirects: Int32?
    private var acceptDAD: Int32?
    private var acceptRA: Int32?
    private var disableIPv6: Int32?
    private var keepAddressesOnDown: Int32?
    private var addressGeneration: Int32?

    /// The value, or nil where the link, or this kernel, has none.
    func value(_ key: LinkSetting.Key) -> Int32? {
        switch key {
        case .acceptRedirects: acceptRedirects
        case .arpNotify: arpNotify
        case .sendRedirects: sendRedirects
        case .acceptDAD: acceptDAD
        case .acceptRA: acceptRA
        case .disableIPv6: disableIPv6
        case .keepAddressesOnDown: keepAddressesOnDown
        case .addressGeneration: addressGeneration
        }
    }

    /// Reads the payload of IFLA_AF_SPEC.
    mutating func take(_ families: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: families) { family, values throws(MalformedMessage) in
            try forEachAttribute(in: values) { type, value throws(MalformedMessage) in
                switch (Int32(family), type) {
                case (AF_INET, IFLA_INET_CONF): takeIPv4(value)
                case (AF_INET6, IFLA_INET6_CONF): takeIPv6(value)
                case (AF_INET6, IFLA_INET6_ADDR_GEN_MODE): addressGeneration = Int32(try value.number(UInt8.self))
                default: break
                }
            }
        }
    }

    /// Their numbers begin with 1.
    private mutating func takeIPv4(_ values: RawSpan) {
        acceptRedirects = values.number(at: IPV4_DEVCONF_ACCEPT_REDIRECTS - 1)
        arpNotify = values.number(at: IPV4_DEVCONF_ARP_NOTIFY - 1)
        sendRedirects = values.number(at: IPV4_DEVCONF_SEND_REDIRECTS - 1)
    }

    private mutating func takeIPv6(_ values: RawSpan) {
        acceptDAD = values.number(at: DEVCONF_ACCEPT_DAD)
        acceptRA = values.number(at: DEVCONF_ACCEPT_RA)
        disableIPv6 = values.number(at: DEVCONF_DISABLE_IPV6)
        keepAddressesOnDown = values.number(at: DEVCONF_KEEP_ADDR_ON_DOWN)
    }
}

extension RawSpan {
    /// One of an array of numbers in the machine's byte order, or nil where the array is shorter.
    fileprivate func number(at place: Int) -> Int32? { try? load(at: place * 4, as: Int32.self) }
}

extension LinkSetting.Key {
    fileprivate init?(_ path: String) {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let setting = slash.map { path[path.utf8.index(after: $0)...] }
        switch (path.hasPrefix("ipv4/conf/"), path.hasPrefix("ipv6/conf/"), setting) {
        case (true, _, "accept_redirects"): self = .acceptRedirects
        case (true, _, "arp_notify"): self = .arpNotify
        case (true, _, "send_redirects"): self = .sendRedirects
        case (_, true, "accept_dad"): self = .acceptDAD
        case (_, true, "accept_ra"): self = .acceptRA
        case (_, true, "addr_gen_mode"): self = .addressGeneration
        case (_, true, "disable_ipv6"): self = .disableIPv6
        case (_, true, "keep_addr_on_down"): self = .keepAddressesOnDown
        default: return nil
        }
    }
}
