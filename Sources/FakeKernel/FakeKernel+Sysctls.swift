import Addressing
import NetworkModel

extension FakeKernel {
    /// Sysctls that exist from the start, with a fresh namespace's values; tests add what else they need.
    package static let defaultSysctls: [String: String] = {
        var values = ["ipv4/ip_forward": "0", "ipv4/ip_nonlocal_bind": "0"]
        for scope in ["all", "default"] {
            for (name, value) in perLinkIPv4 { values["ipv4/conf/\(scope)/\(name)"] = value }
            for (name, value) in perLinkIPv6 { values["ipv6/conf/\(scope)/\(name)"] = value }
        }
        for family in ["ipv4", "ipv6"] { values["\(family)/neigh/default/gc_stale_time"] = "60" }
        return values
    }()

    private static let perLinkIPv4 = [
        "accept_redirects": "1", "arp_ignore": "0", "arp_notify": "0", "forwarding": "0", "promote_secondaries": "0",
        "proxy_arp": "0", "route_localnet": "0", "rp_filter": "0", "send_redirects": "1",
    ]
    private static let perLinkIPv6 = [
        "accept_dad": "1", "accept_ra": "1", "accept_redirects": "1", "addr_gen_mode": "0", "autoconf": "1",
        "dad_transmits": "1", "disable_ipv6": "0", "enhanced_dad": "1", "forwarding": "0", "keep_addr_on_down": "0",
        "ndisc_notify": "0",
        "proxy_ndp": "0",
    ]

    /// A link's own sysctls, those that it has not got: copies of the defaults.
    mutating func addSysctls(of link: LinkID) {
        for (sysctl, value) in state.sysctls where sysctl.place == link.place {
            let parts = sysctl.path.split(separator: "/")
            guard parts.count == 4, parts[2] == "default" else { continue }
            let own = Sysctl(link.place, "\(parts[0])/\(parts[1])/\(link.name)/\(parts[3])")
            state.sysctls[own] = state.sysctls[own] ?? value
        }
    }
}
