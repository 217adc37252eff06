"""System calls, as strace writes them, and how strace is told what shall happen to one of them."""

import re
from dataclasses import dataclass

ERRORS = ("ENOSPC", "EIO", "ENOMEM", "EINTR", "ENOBUFS")
LINE = re.compile(r"\d+\s+(\w+)\((.*)")
# The first call of the program itself. What comes before is the Swift runtime, which has nothing to take back.
BEGIN = "rt_sigaction(SIGPIPE"
# Memory that is not to be had ends any Swift program: a crash, and those are tried. The rest cannot fail, or is the end.
NEVER_FAIL = re.compile(r"brk|mmap|munmap|mprotect|madvise|mremap|rt_sig\w+|gettid|getpid|clock_\w+|exit\w*|futex|sched_\w+")
READING = re.compile(
    r"(read|pread64|recvfrom|recvmsg|newfstatat|fstat|statx|readlink|readlinkat|getdents64|fstatfs|statfs|poll|ppoll|lseek"
    r"|socket|bind|setsockopt|getsockopt|getsockname|fcntl|close|getrandom|setns|ioctl|access|faccessat2?)\("
)
# Opening changes something only when it makes or empties a file.
OPENING = re.compile(r"openat2?\(")
MAKING = re.compile(r"O_(CREAT|TRUNC|TMPFILE)")
# Of rtnetlink's types every fourth is a question; strace does not know the names of some.
SENDING = re.compile(r"(sendto|sendmsg)\(")
TYPES = re.compile(r"nlmsg_type=([^,]+)")
QUESTION = re.compile(r"(RTM|NFNL_SUBSYS_\w+<<8\|\w+_MSG|NFNL_SUBSYS_\w+<<8\|IPCTNL_MSG_CT)_GET\w*$")


@dataclass(frozen=True)
class Call:
    name: str
    number: int
    changes: bool
    answers: bool
    text: str


@dataclass(frozen=True)
class Fault:
    """What happens to the call, which cleaner comes after it."""
    what: str
    cleaner: str

    @property
    def kills(self):
        return self.what == "SIGKILL"

    def strace(self, call, log):
        # A filter lets all other calls pass without a stop. But from a stop by a filter no signal is delivered.
        injection = ["-e", f"inject={call.name}:signal=SIGKILL:when={call.number}"] if self.kills else [
            "--seccomp-bpf", "-e", f"inject={call.name}:error={self.what}:when={call.number}"]
        return ["strace", "-f", "-qq", "-o", log, "-e", f"trace={call.name}", "-e", "signal=none", *injection]


def tracing(log):
    return ["strace", "-f", "-qq", "-s", "64", "-o", log, "-e", "signal=none"]


def is_question(text):
    """Whether all that is sent only asks."""
    types = TYPES.findall(text)
    return bool(types) and all(
        QUESTION.match(one) or (one.startswith("0x") and int(one.split()[0], 16) % 4 == 2) for one in types)


def changes_something(text):
    if SENDING.match(text):
        return not is_question(text)
    if OPENING.match(text):
        return bool(MAKING.search(text))
    return not READING.match(text)


def calls_of(lines):
    """The program's own calls that may fail, with the numbers that strace counts them by."""
    lines = list(lines)
    begun = not any(BEGIN in line for line in lines)
    count, calls = {}, []
    for line in lines:
        match = LINE.match(line)
        # The kernel begins a call again while another holds its lock: as often as it happens to.
        if not match or "ERESTARTNOINTR" in line:
            continue
        name, text = match[1], line[match.start(1):].rstrip("\n")
        count[name] = count.get(name, 0) + 1
        begun = begun or text.startswith(BEGIN)
        if begun and not NEVER_FAIL.fullmatch(name):
            calls.append(Call(name, count[name], changes_something(text), text.startswith("write(1, "), text))
    return calls
