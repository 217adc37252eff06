"""Crashes every verb of every chain, each on a node of its own, several at once; prints what was left where."""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from configurations import ALL

NODE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
        sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "node.py")]
# A node's points are shared by that many nodes that are all alike: small pieces keep all processors busy to the end. A
# node costs as much as ten points.
SHARES = {"every": 6, "all": 6, "changes": 3, "kills": 1}
# So many lines of one leak are enough to see what it is.
LINES = 20
VERBS = ["ADD", "first ADD", "DEL", "GC", "CHECK", "GC of others"]


def share(text):
    part, parts = (int(number) for number in text.split("/"))
    if not 1 <= part <= parts:
        raise ValueError
    return part, parts


def options():
    parser = argparse.ArgumentParser(prog="crash-points")
    parser.add_argument("plugins")
    parser.add_argument("--part", type=share, default=(1, 1))
    parser.add_argument("--only", choices=["kills", "changes"])
    parser.add_argument("--every-read", dest="only", action="store_const", const="every")
    parser.set_defaults(only="all")
    parser.add_argument("--jobs", type=int, default=2 * os.cpu_count())
    parser.add_argument("names", nargs="*")
    return parser.parse_intermixed_args()


def extent(configuration, wanted):
    """What is tried on a chain. What one with one family reads, the same one with both reads, too, by the same code."""
    return "changes" if wanted == "all" and configuration.is_part else wanted


def crash(plugins, name, verb, share, wanted):
    done = subprocess.run([*NODE, plugins, name, verb, str(share), str(SHARES[wanted]), wanted],
                          capture_output=True, text=True)
    if done.returncode != 0:
        return {"points": 0, "bad": [[f"{name}, {verb}: did not run", done.stderr.splitlines()]]}
    return json.loads(done.stdout)


def main(chosen):
    part, parts = chosen.part
    nodes = [(one.name, verb, number, extent(one, chosen.only))
             for one in ALL if not chosen.names or one.name in chosen.names
             for verb in VERBS for number in range(SHARES[extent(one, chosen.only)])]
    points = leaks = 0
    with ThreadPoolExecutor(max_workers=chosen.jobs) as pool:
        reports = [pool.submit(crash, chosen.plugins, *node) for node in nodes[part - 1::parts]]
        for report in (one.result() for one in reports):
            points, leaks = points + report["points"], leaks + len(report["bad"])
            for what, lines in report["bad"]:
                more = [f"and {len(lines) - LINES} lines more"] if len(lines) > LINES else []
                print(f"leak: {what}", *lines[:LINES], *more, sep="\n    ", flush=True)
    print(f"points {points} leaks {leaks}")
    return 1 if leaks or not points else 0


if __name__ == "__main__":
    sys.exit(main(options()))
