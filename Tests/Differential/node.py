"""One run of one configuration on a node of its own: ADD for every pod, CHECK, DEL, and what the node looks like.

Run in fresh network, mount and process namespaces, with the configuration as JSON on stdin; prints the observation as
JSON. It knows neither whose plugins it calls nor what is expected.
"""

import json
import os
import re
import subprocess
import sys

SYSCTLS = [
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "net/ipv6/conf/all/disable_ipv6",
]
LINK_SYSCTLS = [
    "net/ipv4/conf/{}/rp_filter",
    "net/ipv4/conf/{}/route_localnet",
    "net/ipv4/conf/{}/arp_notify",
    "net/ipv4/conf/{}/forwarding",
    "net/ipv4/conf/{}/proxy_arp",
    "net/ipv6/conf/{}/accept_ra",
    "net/ipv6/conf/{}/accept_dad",
    "net/ipv6/conf/{}/disable_ipv6",
    "net/ipv6/conf/{}/keep_addr_on_down",
    "net/ipv6/conf/{}/ndisc_notify",
]


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


def tool(*command):
    """What a tool says in JSON; nothing at all means an empty list."""
    done = run(*command)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
    return json.loads(done.stdout or "[]")


class Network:
    """A list of plugins, called as libcni calls them."""

    def __init__(self, configuration, path, name="net", ifname=None, plugins=None):
        self.configuration = configuration
        self.path = path
        self.name = name
        self.ifname = ifname or configuration["ifname"]
        self.plugins = plugins or configuration["plugins"]

    def stdin(self, plugin, previous):
        capabilities = self.configuration["capabilities"]
        config = dict(plugin, name=self.name, cniVersion=self.configuration["version"])
        runtime = {key: capabilities[key] for key, on in plugin.get("capabilities", {}).items() if on and key in capabilities}
        if runtime:
            config["runtimeConfig"] = runtime
        if previous is not None:
            config["prevResult"] = previous
        return json.dumps(config)

    def call(self, verb, plugin, pod, previous):
        environment = {
            "PATH": os.environ["PATH"],
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": pod,
            "CNI_NETNS": self.configuration["netns"].format(pod=pod),
            "CNI_IFNAME": self.ifname,
            "CNI_PATH": self.path,
            "CNI_ARGS": self.configuration["args"].get(pod, ""),
        }
        done = run(os.path.join(self.path, plugin["type"]), input=self.stdin(plugin, previous), env=environment)
        if done.returncode != 0 and not done.stdout:
            return False, {"code": "nothing on stdout", "msg": done.stderr}
        try:
            return done.returncode == 0, json.loads(done.stdout or "null")
        except ValueError:
            return False, {"code": "no JSON on stdout", "msg": done.stdout + done.stderr}

    def add(self, pod):
        result = self.configuration["previous"]
        for plugin in self.plugins:
            fine, answer = self.call("ADD", plugin, pod, result)
            if not fine:
                return {"error": answer}
            result = answer
        return result

    def check(self, pod, result):
        if self.configuration["version"] < "0.4.0" or "error" in (result or {}):
            return "not called"
        for plugin in self.plugins:
            fine, answer = self.call("CHECK", plugin, pod, result)
            if not fine:
                return answer
        return "fine"

    def delete(self, pod, result):
        previous = result if self.configuration["version"] >= "0.4.0" and "error" not in (result or {}) else None
        for plugin in reversed(self.plugins):
            fine, answer = self.call("DEL", plugin, pod, previous)
            if not fine:
                return answer
        return "fine"


def sysctls(links):
    values = {}
    for name in SYSCTLS + [pattern.format(link) for link in links for pattern in LINK_SYSCTLS]:
        try:
            with open("/proc/sys/" + name) as file:
                values[name] = file.read().strip()
        except OSError:
            values[name] = "absent"
    return values


def observe():
    """What is true in the network namespace of this process."""
    links = tool("ip", "-j", "-d", "link")
    names = [link["ifname"] for link in links]
    return {
        "links": links,
        "addresses": tool("ip", "-j", "addr"),
        "routes": tool("ip", "-j", "-4", "route", "show", "table", "all"),
        "routes6": tool("ip", "-j", "-6", "route", "show", "table", "all"),
        "rules": tool("ip", "-j", "rule"),
        "neighbours": tool("ip", "-j", "neigh", "show", "nud", "permanent"),
        "vlans": tool("bridge", "-j", "vlan"),
        "qdiscs": tool("tc", "-j", "qdisc"),
        "sysctls": sysctls(names),
    }


def observe_pod(pod):
    done = run("ip", "netns", "exec", pod, sys.executable, __file__, "--observe")
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def leases():
    found = {}
    for folder, folders, files in os.walk("/var/lib/cni/networks"):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            with open(os.path.join(folder, name)) as file:
                found[os.path.join(folder, name)] = file.read()
    return found


def probes(configuration, results):
    """What real packets see: each probe is a line of shell; $POD1, $POD2 are the pods' first addresses."""
    environment = dict(os.environ)
    for index, result in enumerate(results, 1):
        address = re.search(r'"(?:address|ip)": "([^"/]*)', json.dumps(result or {}))
        environment[f"POD{index}"] = address.group(1) if address else ""
    return {line: run("bash", "-c", line, env=environment).stdout.strip() for line in configuration["probes"]}


def main(path):
    configuration = json.load(sys.stdin)
    for folder in ("/run", "/var/lib"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder], check=True)
    os.makedirs("/run/netns")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for line in configuration["prepare"]:
        subprocess.run(["bash", "-ec", line], check=True, stdout=sys.stderr)
    pods = [f"pod{index}" for index in range(1, configuration["pods"] + 1)]
    for pod in pods:
        subprocess.run(["ip", "netns", "add", pod], check=True)
    calls = [(Network(configuration, path), pod) for pod in pods]
    if configuration["second"]:
        calls += [(Network(configuration, path, "second", "eth1", configuration["second"]), pod) for pod in pods]
    results = [network.add(pod) for network, pod in calls]
    added = list(zip(calls, results))
    results += [calls[0][0].add(pod) for pod in configuration["again"]]
    observation = {
        "results": results,
        "node": observe(),
        "pods": [observe_pod(pod) for pod in pods],
        "leases": leases(),
        "probes": probes(configuration, results),
        "checks": [network.check(pod, result) for (network, pod), result in added],
        "deletes": [network.delete(pod, result) for (network, pod), result in reversed(added)],
        "afterwards": {"node": observe(), "pods": [observe_pod(pod) for pod in pods], "leases": leases()},
    }
    json.dump(observation, sys.stdout)


if __name__ == "__main__":
    if sys.argv[1] == "--observe":
        json.dump(observe(), sys.stdout)
    else:
        main(sys.argv[1])
