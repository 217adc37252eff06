#!/usr/bin/env python3
"""Puts entries into connection tracking, as if packets had made them. Messages: linux/netfilter/nfnetlink_conntrack.h

    flows.py fill N                                   N UDP and half-open TCP flows between addresses that nobody has
    flows.py add PROTOCOL FROM:PORT TO:PORT [END:PORT]  one unanswered flow, translated to END:PORT if that is given
"""
import socket
import struct
import sys

PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
NEW = 1 << 8 | 0  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW


def attribute(kind, payload):
    return struct.pack("HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def nest(kind, *attributes):
    return attribute(kind | 0x8000, b"".join(attributes))


def tuple_of(kind, protocol, source, target):
    addresses = nest(1, attribute(1, source[0]), attribute(2, target[0]))
    ports = [attribute(2, struct.pack(">H", source[1])), attribute(3, struct.pack(">H", target[1]))]
    return nest(kind, addresses, nest(2, attribute(1, bytes([protocol])), *ports))


def message(protocol, source, target, end=None):
    body = tuple_of(1, protocol, source, target) + tuple_of(2, protocol, target, source)
    body += attribute(3, struct.pack(">I", 1 << 3)) + attribute(7, struct.pack(">I", 600))  # confirmed; timeout
    if protocol == PROTOCOLS["tcp"]:
        body += nest(4, nest(1, attribute(1, bytes([1]))))  # SYN_SENT
    if protocol == PROTOCOLS["sctp"]:
        body += nest(4, nest(3, attribute(1, bytes([2])), attribute(2, bytes(4)), attribute(3, bytes(4))))  # COOKIE_WAIT
    if end:
        port = struct.pack(">H", end[1])
        body += nest(13, attribute(1, end[0]), attribute(2, end[0]), nest(3, attribute(1, port), attribute(2, port)))
    flags = 0x1 | 0x400 | 0x200  # REQUEST, CREATE, EXCL
    return struct.pack("IHHIIBBH", 20 + len(body), NEW, flags, 0, 0, socket.AF_INET, 0, 0) + body


def send(messages):
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as link:  # NETLINK_NETFILTER
        link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        for start in range(0, len(messages), 200):
            link.send(b"".join(messages[start : start + 200]))
        # Errors come unasked; an acknowledgement would be one of 0.
        link.setblocking(False)
        try:
            answer = link.recv(65536)
        except BlockingIOError:
            return
        number = -struct.unpack_from("i", answer, 16)[0]
        if number:
            sys.exit(f"the kernel refused a flow: error {number}")


def end_of(text):
    address, port = text.rsplit(":", 1)
    return socket.inet_aton(address), int(port)


def main(command, *words):
    if command == "fill":
        target = socket.inet_aton("198.18.0.1"), 53
        flows = range(int(words[0]))
        sources = [(struct.pack(">I", 0xC6130000 + flow // 50_000), 1024 + flow % 50_000) for flow in flows]
        send([message(6 if flow % 100 == 0 else 17, sources[flow], target) for flow in flows])
    elif command == "add":
        protocol, *ends = words
        send([message(PROTOCOLS[protocol], *map(end_of, ends))])
    else:
        sys.exit(__doc__)


main(*sys.argv[1:])
