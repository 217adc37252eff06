"""A node of its own for one configuration and one verb: crashes the verb at each of its system calls, and compares.

Run in fresh network, mount and process namespaces. Prints one JSON object: how many points there were, and what was
wrong at which.
"""

import difflib
import itertools
import json
import os
import subprocess
import sys
import time

from calls import ERRORS, Fault, calls_of, tracing
from configurations import ALL
from picture import node_picture, pod_picture

POD = "/run/netns/pod"
NETWORK = {"cniVersion": "1.1.0", "name": "crash"}
LOG = "/mnt/strace"
# What is still under way when a namespace is gone: the kernel takes its links away in its own time.
PATIENCE = 3
# A link of the host's own, to be on and to be taken. It is a pair, so it goes with a namespace that it was taken into.
UPLINK = "link add uplink address 02:00:00:00:00:01 type veth peer name other address 02:00:00:00:00:02"


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


NUMBERS = itertools.count(1)


class Answer:
    """What a call of a plugin ended with."""

    def __init__(self, done):
        self.status = done.returncode
        self.said = done.stdout + done.stderr
        try:
            self.document = json.loads(done.stdout)
        except ValueError:
            self.document = None

    @property
    def fine(self):
        return self.status == 0

    @property
    def is_error(self):
        return isinstance(self.document, dict) and isinstance(self.document.get("code"), int) and "msg" in self.document


class Network:
    """A chain of plugins, called as a runtime calls them; the last of them below another program, strace."""

    def __init__(self, configuration, path):
        self.configuration = configuration
        self.plugins = configuration.plugins
        self.path = path
        self.container = "c0"

    def call(self, verb, plugin, under=(), previous=None, **more):
        config = {**NETWORK, **plugin, **more}
        runtime = {key: self.configuration.capabilities[key] for key in plugin.get("capabilities", {})}
        if runtime:
            config["runtimeConfig"] = runtime
        if previous:
            config["prevResult"] = previous
        environment = {"PATH": os.environ["PATH"], "CNI_COMMAND": verb, "CNI_CONTAINERID": self.container,
                       "CNI_NETNS": POD if os.path.exists(POD) else "", "CNI_IFNAME": self.configuration.ifname,
                       "CNI_PATH": self.path}
        victim = under if plugin is self.plugins[-1] else ()
        return Answer(subprocess.run([*victim, os.path.join(self.path, plugin["type"])], input=json.dumps(config),
                                     capture_output=True, text=True, env=environment))

    def add(self, under=()):
        answer = None
        for plugin in self.plugins:
            answer = self.call("ADD", plugin, under, answer and answer.document)
            if not answer.fine:
                break
        return answer

    def check(self, result, under=()):
        for plugin in self.plugins:
            answer = self.call("CHECK", plugin, under, result)
            if not answer.fine:
                break
        return answer

    def delete(self, result, under=()):
        for plugin in reversed(self.plugins):
            answer = self.call("DEL", plugin, under, result)
            if not answer.fine:
                break
        return answer

    def collect(self, under=(), keep=False):
        """GC goes on after an error; the first one is the answer."""
        attachments = [{"containerID": self.container, "ifname": self.configuration.ifname}] if keep else []
        answers = [self.call("GC", plugin, under, **{"cni.dev/valid-attachments": attachments}) for plugin in self.plugins]
        return next((answer for answer in answers if not answer.fine), answers[-1])


class Node:
    """The node, and what it must look like while there is no pod."""

    def __init__(self, configuration, path):
        self.network = Network(configuration, path)
        self.takes_uplink = configuration.takes_uplink
        self.problems = []
        self.clean = self.swept = None
        self.make_pod()
        self.clean_pod = pod_picture(POD)
        self.remove_pod()
        self.pod_comes_and_goes()
        self.clean = node_picture()
        self.pod_comes_and_goes()
        self.compare(self.clean)
        self.collect()
        self.swept = node_picture()
        self.is_swept = True

    def demand(self, answer, what):
        if not answer.fine:
            self.problems.append(f"{what} says: {answer.said.strip()}")
        return answer

    def make_pod(self):
        if self.takes_uplink:
            until(uplink_is_there)
        run("ip", "netns", "add", "pod")

    def remove_pod(self):
        run("ip", "netns", "del", "pod")

    def pod_comes_and_goes(self):
        self.make_pod()
        result = self.add()
        self.demand(self.network.check(result), "CHECK")
        self.delete(result)
        self.remove_pod()

    def add(self):
        self.is_swept = False
        return self.demand(self.network.add(), "ADD").document

    def delete(self, result=None):
        self.demand(self.network.delete(result), "DEL")

    def collect(self):
        self.demand(self.network.collect(), "GC")
        self.is_swept = True

    def compare(self, before, picture=node_picture, patience=PATIENCE):
        """Notes what is not as before; links of a namespace that is gone go in the kernel's own time."""
        if self.takes_uplink:
            until(uplink_is_there)
        if until(lambda: picture() == before, patience):
            return
        after = picture()
        lines = difflib.unified_diff(before, after, lineterm="", n=0)
        self.problems += [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        # What is left for good is told once.
        if patience:
            self.clean, self.swept = (after if one is before else one for one in (self.clean, self.swept))

    def forget_everything(self):
        """As a node is that never had a pod."""
        run("nft", "flush", "ruleset")
        subprocess.run(["ip", "link", "del", "br0"], capture_output=True)
        run("rm", "-rf", "/var/lib/cni", "/run/podnet", "/run/cni")


class Point:
    """One way to go through a verb: what is there before, the verb, and what a runtime does afterwards."""

    def __init__(self, node, verb, cleaner="DEL"):
        self.node, self.network, self.cleaner = node, node.network, cleaner
        self.verb = verb
        self.result = None
        # As runtimes do it: no two containers have the same name.
        self.number = next(NUMBERS)
        self.network.container = f"c{self.number}"

    def run(self, under=()):
        """Answers what the verb ended with."""
        if self.verb == "first ADD":
            self.node.forget_everything()
        elif self.verb == "ADD" and self.node.is_swept:
            self.node.pod_comes_and_goes()
        self.node.make_pod()
        if self.verb.endswith("ADD"):
            answer = self.add(under)
        else:
            self.result = self.node.add()
            answer = {"DEL": self.delete, "GC": self.collect, "CHECK": self.check, "GC of others": self.keep}[self.verb](under)
        if self.verb == "first ADD":
            self.network.container = f"d{self.number}"
            self.node.pod_comes_and_goes()
        self.node.compare(self.node.swept if self.node.is_swept else self.node.clean)
        return answer

    def add(self, under):
        answer = self.network.add(under)
        if answer.fine:
            self.succeeded(answer)
        elif answer.is_error and len(self.network.plugins) == 1 and self.verb == "ADD":
            # A failed ADD takes back what it did. What the plugins before it did, DEL takes back.
            self.node.compare(self.node.clean, patience=0)
        if self.cleaner == "ADD again":
            again = self.network.add()
            if again.fine:
                self.succeeded(again)
            elif not again.is_error:
                self.node.demand(again, "ADD again")
        self.clean_up()
        return answer

    def succeeded(self, answer):
        """Whatever ADD reports as done must be complete."""
        self.result = answer.document
        self.node.demand(self.network.check(self.result), "CHECK after ADD")

    def delete(self, under):
        answer = self.network.delete(self.result, under)
        self.clean_up(is_done=answer.fine)
        return answer

    def collect(self, under):
        answer = self.network.collect(under)
        self.node.is_swept = True
        self.node.remove_pod()
        if not answer.fine:
            self.node.collect()
        return answer

    def check(self, under):
        return self.undisturbed(lambda: self.network.check(self.result, under))

    def keep(self, under):
        return self.undisturbed(lambda: self.network.collect(under, keep=True))

    def undisturbed(self, act):
        before = node_picture(), pod_picture(POD)
        answer = act()
        self.node.compare(before[0])
        self.node.compare(before[1], lambda: pod_picture(POD))
        self.clean_up()
        return answer

    def clean_up(self, is_done=False):
        """What a runtime does after an error, and never after a success."""
        if self.cleaner in ("DEL without netns", "GC"):
            self.node.remove_pod()
        if self.cleaner == "GC":
            # GC comes at its leisure. A bridge's port that is on its way out would still be one to it.
            until(no_pair_is_left)
            self.node.collect()
        elif not is_done:
            self.node.delete(self.result if os.path.exists(POD) else None)
        if os.path.exists(POD):
            self.node.compare(self.node.clean_pod, lambda: pod_picture(POD))
            self.node.remove_pod()


def until(condition, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def no_pair_is_left():
    links = subprocess.run(["ip", "-o", "link", "show", "type", "veth"], capture_output=True, text=True).stdout
    return all(": uplink@" in line or ": other@" in line for line in links.splitlines())


def uplink_is_there():
    """Makes it, too, as soon as the kernel has taken the former one away."""
    return any(subprocess.run(["ip", "-b", "-"], input=commands, text=True, capture_output=True).returncode == 0
               for commands in ("link show uplink", UPLINK))


def faults(verb, index, call):
    """What is done to a call; one that only reads fails with each error in turn, from call to call."""
    if call.changes:
        cleaners = {"ADD": ["DEL", "DEL without netns", "GC", "ADD again"], "DEL": ["DEL", "DEL without netns"]}
        yield from (Fault("SIGKILL", cleaner) for cleaner in cleaners.get(verb, ["DEL"]))
    for error in ERRORS if call.changes else [ERRORS[index % len(ERRORS)]]:
        yield Fault(error, "DEL")


def wrong_answer(verb, call, fault, answer):
    """What is wrong with how the verb ended, or nothing."""
    if fault.kills:
        return "" if answer.status == -9 else "was not killed"
    with open(LOG) as log:
        if "(INJECTED)" not in log.read():
            return "did not fail"
    if answer.status < 0 or answer.status >= 128:
        return f"crashed with status {answer.status}: {answer.said}"
    if not answer.fine and not answer.is_error and not call.answers:
        return f"ended with status {answer.status} and no error on stdout: {answer.said}"
    if answer.fine and verb.endswith("ADD") and not isinstance(answer.document, dict):
        return f"succeeded without a result: {answer.said}"
    return ""


def main(path, name, verb, share, shares, wanted):
    node = Node(next(one for one in ALL if one.name == name), path)
    Point(node, verb).run(tracing(LOG))
    with open(LOG) as log:
        calls = calls_of(log)
    points = [(call, fault) for index, call in enumerate(calls) for fault in faults(verb, index, call)
              if wanted in ("all", "every") or fault.kills or wanted == "changes" and call.changes]
    report = {"points": 0, "bad": []}
    if node.problems and share == 0:
        report["bad"].append([f"{name}, {verb}, undisturbed", node.problems])
    for call, fault in points[share::shares]:
        node.problems = []
        answer = Point(node, verb, fault.cleaner).run(fault.strace(call, LOG))
        wrong = wrong_answer(verb, call, fault, answer)
        report["points"] += 1
        if wrong or node.problems:
            what = f"{name}, {verb}: {fault.what} at {call.name} #{call.number}, then {fault.cleaner}; {call.text[:300]}"
            report["bad"].append([what, [wrong] * bool(wrong) + node.problems + [f"answer: {answer.said.strip()[:400]}"]])
    json.dump(report, sys.stdout)


def sandbox():
    for folder in ("/run", "/var/lib", "/mnt"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    os.makedirs("/run/netns")
    run("ip", "link", "set", "lo", "up")


if __name__ == "__main__":
    sandbox()
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
