"""The configurations that both sides run, and what is meant to be different, with its reason.

A difference is a line `path: theirs -> ours`. Every rule's reason is in docs/cni-conformance.md, too; a rule that no
difference needs any more is an error. What is declared "formerly" is a difference from the releases before FOLLOWED only.
"""

from dataclasses import dataclass, field

# The release of the reference that ours follows.
FOLLOWED = (1, 9)

EVERYWHERE = [
    (r"links/.*/txqlen: - -> 1000$", "links have the kernel's queue length, not 0"),
    (r"/<vet.*(disable_ipv6: 0 -> 1|net.ipv6.*: \d+ -> -)$", "the host's end of a veth speaks no IPv6"),
    (r"pods/.*(disable_ipv6: 0 -> 1|net.ipv6.*: \d+ -> -)$", "a pod without an IPv6 address has IPv6 off on its interface"),
    (r"pods/.*arp_notify: 1 -> 0$", "a pod without an IPv4 address announces none"),
    (r"pods/.*accept_ra: 1 -> 0$", "a pod's interface takes no router advertisements"),
    (r"/nodad: - -> True$", "no duplicate address detection for addresses that IPAM gave"),
    (r"/ifalias: - -> (net|second)/pod\d/", "the host's end of a veth says whose it is"),
    (r"results/\d/interfaces/\d/mtu: - -> \d+$", "the result says an MTU that the configuration sets"),
    (r"results/\d/(ip[46]/)?routes/\d/gw: - -> ", "routes of the result name the gateway that they lead through"),
    (r"error/code: 999 -> ([4-8]|11)$", "errors have the specification's codes"),
    (r"error/text: code 999: (?P<words>.*?) -> code \d+: (?P=words)$", "errors have the specification's codes"),
]
EVERYWHERE_FORMERLY = [(r"pods/.*keep_addr_on_down: 0 -> 1$", "IPv6 addresses outlive a link that goes down")]
ON_BRIDGES = [
    (r"/<vet.*(accept_ra: 0 -> 1|inet6_addr_gen_mode: eui64 -> none)$",
     "a bridge's port takes no part in IPv6, only the bridge does"),
    (r"pods/.*ndisc_notify: 0 -> 1$", "a pod on a bridge announces its IPv6 addresses, too"),
]
ROLLBACK = {r": there -> not there$": "a failed ADD leaves nothing behind"}
COUNTER = {r"last_reserved_ip": "the counter of leases says what was given last, by an ADD that failed, too"}
NO_LOCALNET = {r"route_localnet: 1 -> 0$": "ports of localhost are mapped without route_localnet"}
NO_IPV6 = {r"checks/0: .*could not check ipv6 dnat.* -> fine$":
           "CHECK of a pod without an IPv6 address asks for no IPv6 mapping"}
MOVED = {r"checks/\d: .*Failed to find Gateway.* -> fine$":
         "CHECK of the plugin before sbr knows that its routes may be in another table"}
SBR_6 = {r"routes6/.*table 100": "a table of sbr holds only routes of its address's family"}
GATEWAYS = "a bridge may have several IPv4 gateways, one for each of the pod's subnets"
WORDS = "errors name what is in the way"
DNS = {r"results/\d/dns/\S+: - -> ": "the DNS of IPAM is in the bridge's result"}
NFTABLES_DEL = {r"(?s)deletes/\d: code 999: running \[\S*iptables .* Chain 'CNI-\w+' does not exist.* -> fine$":
                "DEL of a pod that is masqueraded by nftables asks no iptables"}
PTP = {
    r"node/routes.*protocol: - -> 112$": "a route of the host to a pod says that podnet made it",
    r"node/routes.*scope: host -> link$": "the host's route to a pod has the scope of what is on a link",
    r"/noprefixroute: - -> True$": "the route to a ptp pod's network by its link is never made, so none is deleted",
    r"/prefsrc: \S+ -> -$": "the source address of a ptp pod's routes is left to the kernel, which takes the same",
    r"pods/.*arp_notify: 0 -> 1$": "a ptp pod announces its address: the host may remember its former owner",
}
PTP_DUAL = {**PTP, r"accept_dad: 1 -> 0$": "no duplicate address detection for addresses that IPAM gave"}


def everywhere(release):
    """Pairs of pattern and reason for all configurations, beside this release of the reference."""
    return EVERYWHERE + (EVERYWHERE_FORMERLY if release < FOLLOWED else [])


@dataclass
class Configuration:
    name: str
    plugins: list
    version: str = "1.0.0"
    pods: int = 2
    # The plugins of a second network, by which every pod gets eth1.
    second: list = field(default_factory=list)
    again: list = field(default_factory=list)
    args: dict = field(default_factory=dict)
    capabilities: dict = field(default_factory=dict)
    previous: dict = None
    prepare: list = field(default_factory=list)
    probes: list = field(default_factory=list)
    netns: str = "/run/netns/{pod}"
    ifname: str = "eth0"
    macs: tuple = ()
    # The oldest release of the reference that knows every key.
    since: str = "1.1"
    # What is wrong with ours, as long as nobody has put it right.
    known_wrong: str = ""
    # A command that fails on a kernel without what this needs.
    needs: str = ""
    intended: dict = field(default_factory=dict)
    formerly: dict = field(default_factory=dict)

    def declared(self, release):
        """{pattern: reason} of its own, beside this release of the reference."""
        return {**self.intended, **(self.formerly if release < FOLLOWED else {})}

    def shared(self, release):
        """Pairs of pattern and reason of others, too."""
        return everywhere(release) + (ON_BRIDGES if self.plugins[0]["type"] == "bridge" else [])


def bridge(ipam, **keys):
    return {"type": "bridge", "bridge": "br0", **({"ipam": ipam} if ipam else {}), **keys}


def local(*subnets, **keys):
    """host-local: one address from each subnet."""
    if len(subnets) == 1:
        return dict({"type": "host-local", "subnet": subnets[0]}, **keys)
    return dict({"type": "host-local", "ranges": [[{"subnet": subnet}] for subnet in subnets]}, **keys)


def static(*addresses, **keys):
    return dict({"type": "static", "addresses": list(addresses)}, **keys)


VLANS = "ip link add vlans type bridge vlan_filtering 1 && ip link del vlans"
V4, V6 = "10.1.0.0/24", "fd00:10:1::/112"
OUTSIDE = [
    "ip netns add outside; ip link add uplink type veth peer name eth0 netns outside",
    "ip addr add 192.0.2.2/24 dev uplink; ip link set uplink up",
    "ip -n outside addr add 192.0.2.1/24 dev eth0; ip -n outside link set eth0 up",
]
SERVE_OUTSIDE = OUTSIDE + [
    "ip netns exec outside socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo $SOCAT_PEERADDR' >/dev/null 2>&1 & sleep 0.1"
]
SEEN_OUTSIDE = "ip netns exec pod1 timeout 3 socat -u TCP:192.0.2.1:80,connect-timeout=2 -"
SERVE_POD1 = "ip netns exec pod1 socat TCP-LISTEN:80,fork,reuseaddr SYSTEM:'echo pod1' >/dev/null 2>&1 & sleep 0.2;"


def ask(address, where=""):
    return f"{where} timeout 3 socat -u TCP:{address},connect-timeout=1 - 2>&1 | sed 's/.* E //'"


BRIDGE = [
    Configuration("bridge", [bridge(local(V4))]),
    Configuration("bridge-gateway", [bridge(local(V4), isGateway=True)], probes=[SERVE_POD1 + ask("$POD1:80")]),
    Configuration("bridge-default-gateway", [bridge(local(V4), isDefaultGateway=True)], probes=[
        SERVE_POD1 + ask("$POD1:80", "ip netns exec pod2")]),
    Configuration("bridge-default-route", [bridge(local(V4, routes=[{"dst": "0.0.0.0/0"}]), isGateway=True)]),
    Configuration("bridge-default-route-and-gateway", [
        bridge(local(V4, routes=[{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}]), isDefaultGateway=True)]),
    Configuration("bridge-masquerade", [bridge(local(V4), isDefaultGateway=True, ipMasq=True)],
                  prepare=SERVE_OUTSIDE, probes=[SEEN_OUTSIDE]),
    Configuration("bridge-without-masquerade", [bridge(local(V4), isDefaultGateway=True)],
                  prepare=SERVE_OUTSIDE + ["ip -n outside route add 10.1.0.0/24 via 192.0.2.2"], probes=[SEEN_OUTSIDE]),
    Configuration("bridge-mtu", [bridge(local(V4), isGateway=True, mtu=1400)]),
    Configuration("bridge-hairpin", [bridge(local(V4), isGateway=True, hairpinMode=True)]),
    Configuration("bridge-promiscuous", [bridge(local(V4), isGateway=True, promiscMode=True)]),
    Configuration("bridge-that-exists", [bridge(local(V4), isGateway=True)],
                  prepare=["ip link add br0 type bridge; ip link set br0 up"]),
    Configuration("bridge-with-another-address", [bridge(local(V4), isGateway=True)],
                  prepare=["ip link add br0 type bridge; ip addr add 10.9.0.1/24 dev br0; ip link set br0 up"],
                  intended={**ROLLBACK, r"error/text: .*already has an IP address different": WORDS,
                            r"br0/net.ipv6.conf.br0.accept_ra: 0 -> 1$": "an ADD that fails changes nothing that is shared"}),
    Configuration("bridge-force-address", [bridge(local(V4), isGateway=True, forceAddress=True)],
                  prepare=["ip link add br0 type bridge; ip addr add 10.9.0.1/24 dev br0; ip link set br0 up"]),
    Configuration("bridge-that-is-none", [bridge(local(V4))], prepare=["ip link add br0 type veth peer name other"],
                  intended={**COUNTER, r"error/text: .*\"br0\" already exists but is not": WORDS}),
    Configuration("bridge-vlan", [bridge(local(V4), vlan=100)], needs=VLANS),
    Configuration("bridge-vlan-without-addresses", [bridge(None, vlan=100)], version="0.3.1", needs=VLANS),
    Configuration("bridge-vlan-trunk", [bridge(None, vlanTrunk=[{"id": 101}, {"minID": 200, "maxID": 202}])],
                  version="0.3.1", since="1.3", needs=VLANS),
    Configuration("bridge-isolated-ports", [bridge(local(V4), isGateway=True, portIsolation=True)], since="1.5"),
    Configuration("bridge-mac-check", [bridge(local(V4), isGateway=True, macspoofchk=True)]),
    Configuration("bridge-mac-by-args", [bridge(local(V4), args={"cni": {"mac": "02:00:00:00:00:11"}})],
                  pods=1, macs=("02:00:00:00:00:11",)),
    Configuration("bridge-mac-by-capability", [bridge(local(V4), capabilities={"mac": True})],
                  capabilities={"mac": "02:00:00:00:00:12"}, pods=1, macs=("02:00:00:00:00:12",)),
    Configuration("bridge-mac-by-environment", [bridge(local(V4))], args={"pod1": "IgnoreUnknown=1;MAC=02:00:00:00:00:13"},
                  pods=1, macs=("02:00:00:00:00:13",)),
    Configuration("bridge-dns", [bridge(local(V4), dns={"nameservers": ["10.0.0.53"], "domain": "example.org",
                                                         "search": ["a.example.org"], "options": ["ndots:5"]})]),
    Configuration("bridge-6", [bridge(local(V6), isGateway=True)]),
    Configuration("bridge-6-default-gateway", [bridge(local(V6), isDefaultGateway=True)]),
    Configuration("bridge-dual", [bridge(local(V4, V6), isGateway=True)]),
    Configuration("bridge-dual-default-gateway", [bridge(local(V4, V6), isDefaultGateway=True)]),
    Configuration("bridge-dual-masquerade", [bridge(local(V4, V6), isDefaultGateway=True, ipMasq=True)],
                  prepare=SERVE_OUTSIDE, probes=[SEEN_OUTSIDE]),
    Configuration("bridge-twice", [bridge(local(V4, V6), isDefaultGateway=True)], second=[
        bridge(local("10.2.0.0/24", "fd00:10:2::/112"), isDefaultGateway=True, bridge="br1")]),
    Configuration("bridge-layer-2", [bridge(None)], version="0.3.1"),
    Configuration("bridge-another-interface-name", [bridge(local(V4), isGateway=True)], ifname="net-1.2"),
    Configuration("bridge-namespace-missing", [bridge(local(V4))], netns="/run/netns/none", pods=1, intended={
        **ROLLBACK, r"error/text: .*/run/netns/none": WORDS}),
    Configuration("bridge-interface-taken", [bridge(local(V4))], again=["pod1"],
                  intended={r'error/text: .* -> .*\("eth0"\) peer provided \("(<vet of pod1>|veth[0-9a-f]{8})"\) already exists $':
                            WORDS}),
]
BRIDGE += [
    Configuration(f"bridge-version-{version}", [bridge(local(V4, routes=[{"dst": "0.0.0.0/0"}]), isGateway=True)], version)
    for version in ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0")
]
BRIDGE += [
    Configuration("bridge-version-1.1.0", [bridge(local(V4, routes=[{"dst": "0.0.0.0/0"}]), isGateway=True)], "1.1.0",
                  since="1.9"),
    Configuration("bridge-masquerade-by-nftables", [
        bridge(local(V4, V6), isDefaultGateway=True, ipMasq=True, ipMasqBackend="nftables")],
        since="1.9", prepare=SERVE_OUTSIDE, probes=[SEEN_OUTSIDE], intended=NFTABLES_DEL),
    Configuration("bridge-6-duplicates", [bridge(local(V6), isGateway=True, enabledad=True)], since="1.9"),
    Configuration("bridge-container-interface-down", [bridge(None, disableContainerInterface=True)], version="0.3.1",
                  since="1.9"),
    Configuration("bridge-routes-of-1.1", [bridge(local(V4, routes=[
        {"dst": "192.168.0.0/16", "gw": "10.1.0.9", "priority": 7}, {"dst": "172.16.0.0/12", "table": 77},
        {"dst": "0.0.0.0/0", "mtu": 1300, "advmss": 1200}]), isGateway=True)], "1.1.0", since="1.9", intended={
            r"routes/default dev eth0 table main/metrics/0/(mtu: - -> 1300|advmss: - -> 1200)$":
                "a route has the MTU and the segment size that the configuration gives it",
            r"checks/\d: .*Expected Route \{Dst:.* Table:77 ": "CHECK finds a route in the table that it is in"}),
]

IPAM = [
    Configuration("host-local-part-of-a-subnet", [
        bridge(local(V4, rangeStart="10.1.0.100", rangeEnd="10.1.0.103", gateway="10.1.0.254"), isGateway=True)]),
    Configuration("host-local-ranges-in-turn", [bridge({"type": "host-local", "ranges": [[
        {"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.9", "rangeEnd": "10.1.0.9"}, {"subnet": "10.2.0.0/24"}]]})]),
    Configuration("host-local-two-of-a-family", [bridge(local(V4, "10.2.0.0/24"), isGateway=True)], intended={
        **ROLLBACK, r"not there -> there$|^results/|not called -> fine$|forward(ing)?: 0 -> 1$|/leases/.*: - -> ": GATEWAYS}),
    Configuration("host-local-routes", [bridge(local(V4, routes=[
        {"dst": "192.168.0.0/16", "gw": "10.1.0.9"}, {"dst": "172.16.0.0/12"}, {"dst": "0.0.0.0/0"}]))], formerly={
        r"checks/\d: .*Expected Route \{Dst:": "CHECK knows the gateway that a route without one was given"}),
    Configuration("host-local-resolv-conf", [bridge(local(V4, resolvConf="/run/resolv.conf"))], prepare=[
        "printf 'nameserver 10.0.0.53\\nsearch a.example b.example\\ndomain example\\noptions ndots:5\\n' >/run/resolv.conf"],
                  formerly={
        r"results/\d/dns/\S+: - -> ": "the DNS of resolvConf is in the bridge's result"}),
    Configuration("host-local-small", [bridge(local("10.1.0.0/30"))], pods=1),
    Configuration("host-local-exhausted", [bridge(local("10.1.0.0/30"))], intended=ROLLBACK),
    Configuration("host-local-requested-by-environment", [bridge(local(V4))], args={"pod1": "IgnoreUnknown=1;IP=10.1.0.77"}),
    Configuration("host-local-requested-by-capability", [bridge(local(V4), capabilities={"ips": True})],
                  capabilities={"ips": ["10.1.0.77/24"]}, pods=1),
    Configuration("host-local-requested-by-args", [bridge(local(V4), args={"cni": {"ips": ["10.1.0.77"]}})], pods=1),
    Configuration("host-local-requested-twice", [bridge(local(V4))],
                  args={"pod1": "IgnoreUnknown=1;IP=10.1.0.77", "pod2": "IgnoreUnknown=1;IP=10.1.0.77"},
                  intended=ROLLBACK),
    Configuration("host-local-requested-outside", [bridge(local(V4))], args={"pod1": "IgnoreUnknown=1;IP=10.9.0.77"},
                  pods=1, intended={**ROLLBACK, **COUNTER}),
    Configuration("host-local-ranges-by-capability", [bridge({"type": "host-local"}, capabilities={"ipRanges": True})],
                  capabilities={"ipRanges": [[{"subnet": "10.7.0.0/24"}], [{"subnet": "fd00:7::/120"}]]}),
    Configuration("host-local-another-folder", [bridge(local(V4, dataDir="/var/lib/cni/networks/elsewhere"))]),
    Configuration("host-local-without-ranges", [bridge({"type": "host-local"})], pods=1, intended={
        **ROLLBACK, r"deletes/0: .*no IP ranges": "DEL needs no valid configuration",
        r"error/text: .*no IP ranges specified": WORDS}),
    Configuration("static", [bridge(static({"address": "10.1.0.5/24", "gateway": "10.1.0.1"}), isGateway=True)], pods=1),
    Configuration("static-dual", [bridge(static(
        {"address": "10.1.0.5/24", "gateway": "10.1.0.1"}, {"address": "fd00:10:1::5/112", "gateway": "fd00:10:1::1"},
        routes=[{"dst": "0.0.0.0/0"}, {"dst": "::/0", "gw": "fd00:10:1::1"}],
        dns={"nameservers": ["10.0.0.53"], "search": ["a.example"]}))], pods=1, formerly=DNS),
    Configuration("static-by-environment", [bridge(static())], pods=1,
                  args={"pod1": "IgnoreUnknown=1;IP=10.1.0.8/24;GATEWAY=10.1.0.1"}),
    Configuration("static-by-capability", [bridge(static(), capabilities={"ips": True})],
                  capabilities={"ips": ["10.1.0.9/24"]}, pods=1),
]



def on_a_link(kind):
    return (f"ip link add under type veth peer name other && ip link add link under name over {kind}; "
            "status=$?; ip link del under; exit $status")


OTHERS = [
    Configuration("ptp", [{"type": "ptp", "ipam": local(V4, routes=[{"dst": "0.0.0.0/0"}])}],
                  probes=[SERVE_POD1 + ask("$POD1:80"), ask("$POD1:80", "ip netns exec pod2")], intended=PTP),
    Configuration("ptp-mtu", [{"type": "ptp", "mtu": 1400, "ipam": local(V4)}], intended=PTP),
    Configuration("ptp-dual", [{"type": "ptp", "ipam": local(V4, V6, routes=[{"dst": "0.0.0.0/0"}, {"dst": "::/0"}])}],
                  intended=PTP_DUAL),
    Configuration("ptp-masquerade", [{"type": "ptp", "ipMasq": True, "ipam": local(V4, routes=[{"dst": "0.0.0.0/0"}])}],
                  prepare=SERVE_OUTSIDE, probes=[SEEN_OUTSIDE], intended=PTP),
    Configuration("ptp-masquerade-by-nftables", [{"type": "ptp", "ipMasq": True, "ipMasqBackend": "nftables",
                                                  "ipam": local(V4, routes=[{"dst": "0.0.0.0/0"}])}], since="1.9",
                  prepare=SERVE_OUTSIDE, probes=[SEEN_OUTSIDE], intended={**PTP, **NFTABLES_DEL}),
    Configuration("loopback", [{"type": "loopback"}], "0.3.1", ifname="lo",
                  intended={r"ips/\d/version: - -> ":
                            "a result of version 0.3.1 says each address's family, as the specification asks"}),
    Configuration("loopback-1.0.0", [{"type": "loopback"}], ifname="lo", pods=1),
    Configuration("macvlan", [{"type": "macvlan", "master": "uplink", "ipam": local(V4)}], prepare=OUTSIDE),
    Configuration("ipvlan", [{"type": "ipvlan", "master": "uplink", "ipam": local(V4)}], prepare=OUTSIDE,
                  needs=on_a_link("type ipvlan")),
    Configuration("vlan", [{"type": "vlan", "master": "uplink", "vlanId": 7, "ipam": local(V4)}], prepare=OUTSIDE, pods=1,
                  needs=on_a_link("type vlan id 7")),
    Configuration("host-device", [{"type": "host-device", "device": "uplink", "ipam": local(V4)}],
                  prepare=OUTSIDE, pods=1,
                  intended={r"arp_notify: 0 -> 1$": "a pod announces its IPv4 address, by a device of the node, too"},
                  formerly={r"afterwards/node/links/uplink/ifalias: uplink -> -$":
                            "a device comes back without the alias it was given"}),
    Configuration("dummy", [{"type": "dummy", "ipam": local(V4)}], since="1.4",
                  needs="ip link add dummy9 type dummy && ip link del dummy9"),
]

PORTS = {"type": "portmap", "capabilities": {"portMappings": True}}
MAPPED = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
GATEWAY = bridge(local(V4), isDefaultGateway=True)

CHAINS = [
    Configuration("portmap", [GATEWAY, PORTS], capabilities=MAPPED, pods=1, prepare=OUTSIDE, probes=[
        SERVE_POD1 + ask("127.0.0.1:8080"), ask("192.0.2.2:8080"), ask("192.0.2.2:8080", "ip netns exec outside"),
        ask("127.0.0.1:8081")], intended=NO_LOCALNET, formerly=NO_IPV6),
    Configuration("portmap-one-address", [GATEWAY, PORTS], pods=1, prepare=OUTSIDE, capabilities={"portMappings": [
        {"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": "192.0.2.2"}]},
        probes=[SERVE_POD1 + ask("192.0.2.2:8080"), ask("127.0.0.1:8080")], intended=NO_LOCALNET, formerly=NO_IPV6),
    Configuration("portmap-by-nftables", [GATEWAY, {**PORTS, "backend": "nftables"}], capabilities=MAPPED, pods=1,
                  since="1.9", prepare=OUTSIDE, probes=[
        SERVE_POD1 + ask("127.0.0.1:8080"), ask("192.0.2.2:8080"), ask("192.0.2.2:8080", "ip netns exec outside"),
        ask("127.0.0.1:8081")], intended=NO_LOCALNET),
    Configuration("portmap-nothing", [GATEWAY, PORTS], capabilities={"portMappings": []}, pods=1),
    Configuration("tuning", [GATEWAY, {"type": "tuning", "sysctl": {"net.ipv4.conf.IFNAME.proxy_arp": "1"}, "mtu": 1300,
                                       "promisc": True, "allmulti": True, "mac": "02:00:00:00:00:21"}],
                  pods=1, macs=("02:00:00:00:00:21",), formerly={
                      r"checks/0: .*IFNAME/proxy_arp: no such file or directory  -> fine$":
                          "CHECK of tuning knows what IFNAME stands for, as ADD does"}),
    Configuration("tuning-queue", [GATEWAY, {"type": "tuning", "txQLen": 77}], pods=1, since="1.4"),
    Configuration("bandwidth", [GATEWAY, {"type": "bandwidth", "ingressRate": 1000000, "ingressBurst": 2000000,
                                          "egressRate": 3000000, "egressBurst": 4000000}], intended={
        r"links/<bwp of pod\d>/txqlen: - -> 32$": "the device that shapes what a pod sends has the kernel's queue length",
        r"tbf/options/lat: 25001 -> 25000$": "a burst is counted in the kernel's ticks of 64 ns, not in microseconds"}),
    Configuration("firewall", [GATEWAY, {"type": "firewall"}], prepare=[
        "nft add table ip filter; nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'",
        *SERVE_OUTSIDE, "ip -n outside route add 10.1.0.0/24 via 192.0.2.2"], probes=[SEEN_OUTSIDE], intended={
            r"probes/.*: 10.1.0.2 -> $": "where the node's own firewall drops what it forwards, it has the last word"}),
    Configuration("firewall-same-bridge", [GATEWAY, {"type": "firewall", "ingressPolicy": "same-bridge"}], since="1.9",
                  second=[bridge(local("10.2.0.0/24"), isGateway=True, bridge="br1"),
                          {"type": "firewall", "ingressPolicy": "same-bridge"}],
                  probes=[SERVE_POD1 + ask("10.1.0.2:80", "ip netns exec pod2")]),
    Configuration("chain-as-podman-makes-it", [GATEWAY, PORTS, {"type": "firewall"}, {"type": "tuning"}],
                  capabilities=MAPPED, pods=1, probes=[SERVE_POD1 + ask("127.0.0.1:8080")],
                  intended=NO_LOCALNET, formerly=NO_IPV6),
    Configuration("sbr", [bridge(local(V4, routes=[{"dst": "0.0.0.0/0"}])), {"type": "sbr"}], pods=1, intended=MOVED),
    Configuration("sbr-two-networks", [GATEWAY], pods=1, second=[
        bridge(local("10.2.0.0/24", routes=[{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.2.0.9"}]), isGateway=True,
               bridge="br1"), {"type": "sbr"}], prepare=SERVE_OUTSIDE,
        probes=["ip -n pod1 route get 192.0.2.1 from 10.2.0.2", "ip -n pod1 route get 192.0.2.1 from 10.1.0.2"],
        intended=MOVED),
    Configuration("sbr-dual", [bridge(local(V4, V6, routes=[{"dst": "0.0.0.0/0"}, {"dst": "::/0"}])), {"type": "sbr"}],
                  pods=1, intended={**MOVED, **SBR_6}),
    Configuration("sbr-gateways", [bridge(local(V4)), {"type": "sbr", "gateways": ["10.1.0.9"]}], pods=1, since="1.10"),
    Configuration("sbr-a-table", [bridge(local(V4)), {"type": "sbr", "table": 5001}], pods=1, since="1.6"),
]

ALL = BRIDGE + IPAM + OTHERS + CHAINS
