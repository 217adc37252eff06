"""Runs every configuration with the reference's plugins and with ours, each on a node of its own, and compares."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from configurations import ALL, ON_BRIDGES, everywhere
from picture import differences, macs_agree, picture

HERE = os.path.dirname(os.path.abspath(__file__))
IPAM = ("host-local", "static", "dhcp")
NODE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
        sys.executable, os.path.join(HERE, "node.py")]


def plugin_folders(work, theirs, ours):
    """Folders as CNI_PATH: all theirs, all ours, and each with the other's IPAM."""
    folders = {}
    for name, main, ipam in (("theirs", theirs, theirs), ("ours", ours, ours),
                             ("our plugin, their IPAM", ours, theirs), ("their plugin, our IPAM", theirs, ours)):
        folder = folders[name] = os.path.join(work, name.replace(", ", "-").replace(" ", "-"))
        os.makedirs(folder)
        for plugin in os.listdir(theirs):
            source = os.path.join(ipam if plugin in IPAM else main, plugin)
            if os.path.exists(source):
                os.symlink(source, os.path.join(folder, plugin))
    return folders


def release(folder):
    """The reference's release, as 1.1; a plugin without arguments says it on stderr."""
    said = subprocess.run([os.path.join(folder, "bridge")], capture_output=True, text=True, env={"CNI_COMMAND": "VERSION"},
                          stdin=subprocess.DEVNULL)
    newest = json.loads(said.stdout)["supportedVersions"][-1]
    return (1, 1) if newest == "1.0.0" else (1, 9)


def observe(configuration, folder):
    done = subprocess.run(NODE + [folder], input=json.dumps(dataclasses.asdict(configuration)), capture_output=True,
                          text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{configuration.name}, {folder}: {done.stderr}")
    return json.loads(done.stdout)


class Comparison:
    def __init__(self, folders):
        self.folders = folders
        self.release = release(folders["theirs"])
        self.used = set()

    def unexpected(self, configuration, lines, rules):
        left = []
        for line in lines:
            rule = next((pattern for pattern in rules if re.search(pattern, line)), None)
            if rule is None:
                left.append(line)
            self.used.add((configuration.name if rule in configuration.declared(self.release) else "", rule))
        return left

    def judge(self, configuration):
        try:
            return self.compare(configuration)
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            return {"did not run": str(error).splitlines()}

    def compare(self, configuration):
        """The lines that nobody declared, by variant."""
        declared = configuration.declared(self.release)
        rules = [*declared, *(pattern for pattern, _ in configuration.shared(self.release))]
        variants = ["ours"]
        if any(plugin.get("ipam", {}).get("type") in IPAM for plugin in configuration.plugins):
            variants += ["our plugin, their IPAM", "their plugin, our IPAM"]
        theirs = picture(observe(configuration, self.folders["theirs"]), configuration.macs)
        found = {}
        for variant in variants:
            observation = observe(configuration, self.folders[variant])
            lines = differences(theirs, picture(observation, configuration.macs))
            found[variant] = self.unexpected(configuration, lines, rules)
            wrong = macs_agree(observation)
            if variant.startswith("our") and wrong:
                found[variant].append(wrong)
        stale = [rule for rule in declared if (configuration.name, rule) not in self.used]
        found["declared, and not seen"] = stale
        return {variant: lines for variant, lines in found.items() if lines}


def missing(configuration, folders):
    names = {plugin["type"] for plugin in configuration.plugins}
    names |= {plugin["ipam"]["type"] for plugin in configuration.plugins if plugin.get("ipam")}
    return sorted(name for name in names if not os.path.exists(os.path.join(folders["ours"], name)))


def undocumented():
    """Reasons that the page of intended differences does not have."""
    with open(os.path.join(HERE, "../../docs/cni-conformance.md")) as file:
        page = " ".join(file.read().split())
    reasons = [reason for _, reason in everywhere((1, 1)) + ON_BRIDGES]
    reasons += [reason for one in ALL for reason in one.declared((1, 1)).values()]
    return sorted({reason for reason in reasons if reason not in page})


def main(work, theirs, ours, names):
    folders = plugin_folders(work, theirs, ours)
    comparison = Comparison(folders)
    chosen, skipped = [], []
    for configuration in ALL:
        if names and configuration.name not in names:
            continue
        if configuration.needs and subprocess.run(["bash", "-c", configuration.needs], capture_output=True).returncode:
            skipped.append(f"{configuration.name}: this kernel refuses `{configuration.needs}`")
        elif tuple(int(part) for part in configuration.since.split(".")) > comparison.release:
            skipped.append(f"{configuration.name}: the reference here knows it from {configuration.since} on")
        elif missing(configuration, folders):
            skipped.append(f"{configuration.name}: we have no {', '.join(missing(configuration, folders))}")
        else:
            chosen.append(configuration)
    passed = failed = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for configuration, found in zip(chosen, pool.map(comparison.judge, chosen)):
            if configuration.known_wrong:
                if found:
                    skipped.append(f"{configuration.name}: known to be wrong: {configuration.known_wrong}")
                    continue
                found = {"no longer wrong": [f"take this away: known_wrong={configuration.known_wrong!r}"]}
            passed, failed = passed + (not found), failed + bool(found)
            print(f"  {'FAIL' if found else 'ok  '} {configuration.name}", flush=True)
            for variant, lines in found.items():
                print(f"       {variant}:", *lines, sep="\n         ", flush=True)
    for line in skipped:
        print(f"  --   {line}")
    shared = everywhere(comparison.release) + ON_BRIDGES
    stale = [f"declared everywhere, and seen nowhere: {rule}" for rule, _ in shared if ("", rule) not in comparison.used]
    for line in ([] if names else stale) + [f"not in docs/cni-conformance.md: {reason}" for reason in undocumented()]:
        failed += 1
        print(f"  FAIL {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
