"""What two observations can be compared by: flat, named by what a thing is, without what is different every time."""

import re

# Counters, timers, indices, and what the kernel makes of the others.
VOLATILE_LINK = re.compile(
    r"ifindex|link_index|link_netnsid|operstate|.*timer|.*_id|carrier.*|permaddr|parent.*|broadcast|num_.*|gso.*|gro.*"
    r"|tso.*|designated.*|state|topology.*|root_.*|fdb_n_.*|no|port|inet6_token"
)
VOLATILE_FLAGS = {"LOWER_UP", "NO-CARRIER", "M-DOWN", "RUNNING"}
MAC = re.compile(r"\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b")


class Names:
    """Stable names for what plugins name themselves: the host's end of a pod's veth, other veths, ifbs."""

    def __init__(self, observation, macs):
        self.known = {}
        self.macs = {mac.lower() for mac in macs}
        for index, result in enumerate(observation["results"], 1):
            for link in interfaces(result):
                if not link.get("sandbox") and re.match(r"veth|bwp|ifb", link["name"]):
                    self.known.setdefault(link["name"], f"<{link['name'][:3]} of pod{index}>")
        for link in observation["node"]["links"] + observation["afterwards"]["node"]["links"]:
            if re.match(r"veth|bwp|ifb", link["ifname"]):
                self.known.setdefault(link["ifname"], f"<{link['ifname'][:3]} {len(self.known) + 1}>")

    def __call__(self, text):
        for name, stable in self.known.items():
            text = re.sub(rf"\b{re.escape(name)}\b", stable, text)
        return MAC.sub(lambda match: match.group() if match.group() in self.macs | {"00:00:00:00:00:00"} else "<MAC>", text)


def interfaces(result):
    return [link for link in (result or {}).get("interfaces") or [] if isinstance(link, dict)]


def flatten(value, path, into):
    """{path, a tuple: value} of a tree."""
    if isinstance(value, dict):
        for key, inner in value.items():
            flatten(inner, (*path, key), into)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            flatten(inner, (*path, str(index)), into)
    else:
        into[path] = value


def keyed(items, key):
    """A list as a dictionary by what an item is; equal keys are told apart by their order."""
    found = {}
    for item in items:
        name, count = key(item), 1
        while name in found:
            count += 1
            name = f"{key(item)} #{count}"
        found[name] = item
    return found


def without(item, pattern):
    if isinstance(item, dict):
        return {key: without(inner, pattern) for key, inner in item.items() if not pattern.fullmatch(key)}
    return item


def link_picture(link):
    link = without(link, VOLATILE_LINK)
    # A bridge without an address of its own takes one of its ports': the reference leaves it so. See macs_agree.
    if link.get("linkinfo", {}).get("info_kind") == "bridge":
        del link["address"]
    link["flags"] = " ".join(sorted(set(link["flags"]) - VOLATILE_FLAGS))
    return link


def address_pictures(links):
    found = {}
    for link in links:
        for address in link.get("addr_info", []):
            if address["local"].startswith("fe80:"):
                continue
            kept = {key: address[key] for key in ("scope", "broadcast", "label", "noprefixroute", "nodad") if key in address}
            found[f"{link['ifname']} {address['local']}/{address['prefixlen']}"] = kept
    return found


def route_pictures(routes):
    kept = [
        route for route in routes
        if route.get("table") != "local" and not re.match(r"fe80:|ff00:|multicast", route["dst"])
    ]
    for route in kept:
        route["flags"] = " ".join(flag for flag in route.get("flags", []) if flag not in ("linkdown", "dead"))
    return keyed(kept, lambda route: f"{route['dst']} dev {route.get('dev', '-')} table {route.get('table', 'main')}")


def sysctl_pictures(sysctls):
    """By link; of a link with IPv6 off, nothing else about IPv6."""
    found = {}
    for name, value in sysctls.items():
        link = re.search(r"/conf/([^/]+)/", name)
        found.setdefault(link.group(1) if link else "node", {})[name.replace("/", ".")] = value
    for link, values in found.items():
        if values.get(f"net.ipv6.conf.{link}.disable_ipv6") == "1":
            found[link] = {name: value for name, value in values.items() if "ipv6" not in name or "disable_ipv6" in name}
    return found


def namespace_picture(namespace):
    return {
        "links": {link["ifname"]: link_picture(link) for link in namespace["links"]},
        "addresses": address_pictures(namespace["addresses"]),
        "routes": route_pictures(namespace["routes"]),
        "routes6": route_pictures(namespace["routes6"]),
        "default routes in order": " ".join(route.get("dev", "-") for route in namespace["routes"] if route["dst"] == "default"),
        "rules": keyed(namespace["rules"], lambda rule: f"{rule['priority']}"),
        "neighbours": {f"{entry['dst']} dev {entry['dev']}": entry.get("lladdr", "-") for entry in namespace["neighbours"]},
        "vlans": {port["ifname"]: keyed(port["vlans"], lambda vlan: f"{vlan['vlan']}") for port in namespace["vlans"]},
        "qdiscs": keyed(
            [without(qdisc, re.compile("handle|refcnt")) for qdisc in namespace["qdiscs"] if qdisc["kind"] != "noqueue"],
            lambda qdisc: f"{qdisc['dev']} {qdisc['kind']}",
        ),
        "sysctls": sysctl_pictures(namespace["sysctls"]),
    }


def result_picture(result):
    if not result or "error" not in result:
        return result
    return {"error": {"code": result["error"].get("code"), "text": step_picture(result["error"])}}


def step_picture(step):
    return step if isinstance(step, str) else f"code {step.get('code')}: {step.get('msg')} {step.get('details', '')}"


def check_picture(step):
    # By chance, the next pod's MAC was lower than the bridge's, and the reference's CHECK of the first pod fails.
    return "fine" if "Mac doesn't match" in step_picture(step) else step_picture(step)


def macs_agree(observation):
    """What is wrong with a MAC of a result: nothing, as long as each is the kernel's when all pods are there."""
    for index, result in enumerate(observation["results"][: len(observation["pods"])]):
        for link in interfaces(result):
            where = observation["pods"][index] if link.get("sandbox") else observation["node"]
            mac = next((there["address"] for there in where["links"] if there["ifname"] == link["name"]), None)
            if link.get("mac") and link["mac"] != mac:
                return f"{link['name']}: {link['mac']} in the result, {mac} in the kernel"
    return None


def state_picture(state):
    return {
        "node": namespace_picture(state["node"]),
        "pods": {f"pod{index}": namespace_picture(pod) for index, pod in enumerate(state["pods"], 1)},
        "leases": {path: " ".join(text.split()) for path, text in state["leases"].items() if not path.endswith("/lock")},
    }


def picture(observation, macs=()):
    """{path: value} of an observation; `macs` are those that the configuration asks for."""
    names = Names(observation, macs)
    whole = {
        "results": [result_picture(result) for result in observation["results"]],
        "state": state_picture(observation),
        "probes": observation["probes"],
        "checks": [check_picture(step) for step in observation["checks"]],
        "deletes": [step_picture(step) for step in observation["deletes"]],
        "afterwards": state_picture(observation["afterwards"]),
    }
    flat = {}
    flatten(whole, (), flat)
    renamed = {
        tuple(names(part) for part in path): names(value) if isinstance(value, str) else value
        for path, value in flat.items()
    }
    return renamed


# What is there or is not: one line says so, instead of one for each of its properties.
KINDS = {"links", "addresses", "routes", "routes6", "rules", "vlans", "qdiscs", "sysctls", "interfaces", "ips"}


def thing(path):
    for index, part in enumerate(path):
        if part in KINDS:
            return path[: index + 2]
    return path


def differences(theirs, ours):
    """Lines "path: theirs -> ours"."""
    left_things, right_things = {thing(path) for path in theirs}, {thing(path) for path in ours}
    lines = {}
    for path in theirs.keys() | ours.keys():
        one = thing(path)
        if one in left_things and one in right_things or one == path:
            left, right = theirs.get(path, "-"), ours.get(path, "-")
            if left != right:
                lines[path] = f"{'/'.join(path)}: {left} -> {right}"
        else:
            lines[one] = f"{'/'.join(one)}: " + ("there -> not there" if one in left_things else "not there -> there")
    return [lines[path] for path in sorted(lines)]
