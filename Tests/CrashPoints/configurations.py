"""The chains of plugins that are crashed. The last plugin of a chain is the one that it happens to."""

from dataclasses import dataclass, field

SUBNETS = {
    "v4": ["10.11.23.0/24"],
    "v6": ["fd00:11:23::/112"],
    "dual": ["10.11.23.0/24", "fd00:11:23::/112"],
}
FIXED = {"10.11.23.0/24": "10.11.23.5/24", "fd00:11:23::/112": "fd00:11:23::5/112"}
EVERYWHERE = {"10.11.23.0/24": "0.0.0.0/0", "fd00:11:23::/112": "::/0"}


@dataclass(frozen=True)
class Configuration:
    name: str
    plugins: list
    capabilities: dict = field(default_factory=dict)
    ifname: str = "eth0"

    @property
    def is_part(self):
        """Whether another chain, the one with both families, makes the same calls and more."""
        return self.name.endswith(("-v4", "-v6"))

    @property
    def takes_uplink(self):
        return any("uplink" in plugin.values() for plugin in self.plugins)


def host_local(family, **more):
    return {"type": "host-local", "ranges": [[{"subnet": subnet}] for subnet in SUBNETS[family]], **more}


def with_default_route(family):
    return host_local(family, routes=[{"dst": EVERYWHERE[subnet]} for subnet in SUBNETS[family]])


def static(family):
    return {"type": "static", "addresses": [{"address": FIXED[subnet]} for subnet in SUBNETS[family]]}


def bridge(ipam, **more):
    return {"type": "bridge", "bridge": "br0", "ipam": ipam, **more}


def after_bridge(family, *plugins, **capabilities):
    """A chain that begins with a bridge as most people write it."""
    first = bridge(host_local(family), isDefaultGateway=True, ipMasq=True)
    return [first, *plugins], capabilities


def ports(family):
    loopback = "::1" if family == "v6" else "127.0.0.1"
    return [
        {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"},
        {"hostPort": 53, "containerPort": 53, "protocol": "udp", "hostIP": loopback},
    ]


PORTMAP = {"type": "portmap", "capabilities": {"portMappings": True}}
CHAINS = {
    "bridge-host": lambda family: ([bridge(host_local(family, addressMode="host"))], {}),
    "bridge-host-masq": lambda family: ([bridge(host_local(family, addressMode="host"), ipMasq=True)], {}),
    "bridge": lambda family: ([bridge(host_local(family), isGateway=True)], {}),
    "bridge-masq": after_bridge,
    "bridge-static": lambda family: ([bridge(static(family))], {}),
    "ptp": lambda family: ([{"type": "ptp", "ipam": with_default_route(family)}], {}),
    "ptp-host-masq": lambda family: ([{"type": "ptp", "ipMasq": True, "ipam": host_local(family, addressMode="host")}], {}),
    "macvlan": lambda family: ([{"type": "macvlan", "master": "uplink", "ipam": host_local(family)}], {}),
    "host-device": lambda family: ([{"type": "host-device", "device": "uplink", "ipam": host_local(family)}], {}),
    "portmap": lambda family: after_bridge(family, PORTMAP, portMappings=ports(family)),
    "firewall": lambda family: after_bridge(family, PORTMAP, {"type": "firewall", "ingressPolicy": "same-bridge"},
                                            portMappings=ports(family)),
    "bandwidth": lambda family: after_bridge(family, {"type": "bandwidth", "ingressRate": 8000000, "ingressBurst": 800000,
                                                      "egressRate": 8000000, "egressBurst": 800000}),
    "sbr": lambda family: after_bridge(family, {"type": "sbr"}),
    "tuning": lambda family: after_bridge(family, {"type": "tuning", "mtu": 1400, "allmulti": True, "sysctl": {
        "net.ipv4.conf.IFNAME.arp_filter": "1", "net.core.somaxconn": "512"}}),
}
ALL = [
    Configuration(f"{name}-{family}", *chain(family)) for name, chain in CHAINS.items() for family in SUBNETS
] + [Configuration("loopback", [{"type": "loopback"}], ifname="lo")]
