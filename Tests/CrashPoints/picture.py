"""Everything that must be as it was, as lines of text. What changes by itself (timers, carrier, indices) is left out."""

import ctypes
import json
import os
import re
import subprocess
from contextlib import contextmanager

LIBC = ctypes.CDLL(None, use_errno=True)
FOLDERS = ("/run", "/var/lib")
# Namespaces, and a lock that is made once a boot.
APART = ("/run/netns", "/run/podnet")
# A hint of which address to try next.
UNTOLD = re.compile(r"last_reserved_ip\.\d+$")
LINK_KEYS = ("ifname", "mtu", "address", "master", "ifalias", "altnames", "group", "txqlen", "promiscuity", "allmulti")
STEADY_FLAGS = {"UP", "PROMISC", "ALLMULTI", "NOARP"}
PORT_KEYS = ("isolated", "hairpin", "mcast_flood", "learning", "vlan_tunnel")
ROUTE_KEYS = ("type", "dst", "gateway", "dev", "protocol", "scope", "table", "prefsrc", "metric")
NEIGHBOR_KEYS = ("dst", "dev", "lladdr", "state", "proxy")


# What is the whole pod's and not one interface's, so that another network of the same pod relies on it; and what the
# kernel leaves on the loopback interface when that goes down.
KEPT_BY_PODS = ("sysctl ipv4/conf/all/accept_redirects", "address lo ")


@contextmanager
def inside(netns):
    """Moves this process into a network namespace for a while; /proc/sys/net is that one's then."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    there = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    try:
        enter(there)
        yield
    finally:
        enter(here)
        os.close(here)
        os.close(there)


def enter(namespace):
    if LIBC.setns(namespace, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def tool(*command, script=""):
    """What a tool prints."""
    done = subprocess.run(command, input=script, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def documents(text):
    """The JSON documents of a text, one after the other."""
    decoder, index = json.JSONDecoder(), 0
    while index < len(text.rstrip()):
        document, index = decoder.raw_decode(text, index)
        yield document
        while text[index:index + 1].isspace():
            index += 1


def chosen(item, keys):
    return " ".join(f"{key}={item[key]}" for key in keys if item.get(key) is not None)


def link_line(link):
    info = link.get("linkinfo", {})
    flags = sorted(STEADY_FLAGS & set(link["flags"]))
    port = chosen(info.get("info_slave_data", {}), PORT_KEYS)
    return f"link {chosen(link, LINK_KEYS)} {info.get('info_kind', '')} {','.join(flags)} {port}"


def routing():
    """Links, addresses, routes, rules and neighbours of the namespace that we are in."""
    every = "route show table all\nrule show\n"
    links, addresses, neighbors, routes, rules = documents(
        tool("ip", "-j", "-d", "-b", "-", script="link show\naddr show\nneigh show nud permanent\n" + every))
    routes6, rules6 = documents(tool("ip", "-j", "-6", "-b", "-", script=every))
    lines = [link_line(link) for link in links]
    for link in addresses:
        # The kernel gives a link its own address some time after its carrier.
        lines += [f"address {link['ifname']} {one['local']}/{one['prefixlen']} {one['scope']}"
                  for one in link["addr_info"] if one and not one["local"].startswith("fe80:")]
    # The kernel's own routes follow from the addresses.
    lines += [f"route {chosen(one, ROUTE_KEYS)}" for one in routes + routes6 if one.get("protocol") != "kernel"]
    lines += [f"rule {one}" for one in rules + rules6]
    lines += [f"neighbour {chosen(one, NEIGHBOR_KEYS)}" for one in neighbors]
    return sorted(lines)


def sysctls(links):
    """Settings of the namespace that we are in: those of these links, of all links, and some others."""
    names = [f"{family}/conf/{link}" for family in ("ipv4", "ipv6") for link in ("all", "default", *links)]
    files = [f"/proc/sys/net/{name}" for name in ("ipv4/ip_forward", "core/somaxconn")]
    for name in names:
        folder = f"/proc/sys/net/{name}"
        if os.path.isdir(folder):
            files += [f"{folder}/{one}" for one in sorted(os.listdir(folder))]
    return [f"sysctl {name[14:]} = {contents(name)}" for name in files]


def contents(name):
    try:
        descriptor = os.open(name, os.O_RDONLY)
    except OSError as error:
        return error.strerror
    try:
        return os.read(descriptor, 4096).decode(errors="replace").strip()
    except OSError as error:
        return error.strerror
    finally:
        os.close(descriptor)


def files():
    lines = []
    for top in FOLDERS:
        for folder, folders, names in os.walk(top):
            folders[:] = [one for one in folders if os.path.join(folder, one) not in APART]
            lines += [f"folder {folder}"]
            lines += [file_line(os.path.join(folder, name)) for name in names + [one for one in folders if os.path.islink(one)]]
    return sorted(lines)


def file_line(path):
    if UNTOLD.search(path):
        return f"file {path}"
    return f"file {path} {os.readlink(path) if os.path.islink(path) else contents(path)}"


def namespace_picture():
    """What is true in the namespace that we are in."""
    lines = routing()
    names = [line.split()[1].removeprefix("ifname=") for line in lines if line.startswith("link ")]
    return lines + sysctls(names)


def node_picture():
    return namespace_picture() + tool("nft", "list", "ruleset").splitlines() + files()


def pod_picture(netns):
    with inside(netns):
        return [f"pod {line}" for line in namespace_picture() if not line.startswith(KEPT_BY_PODS)]
