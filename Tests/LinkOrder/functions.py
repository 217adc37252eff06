"""Runs a program and notes which of its functions it calls: a breakpoint on each, taken away when it is first reached.

    functions.py NOTES PROGRAM [ARGUMENT]…      adds their names to the file NOTES; PROGRAM has its symbols
"""
import ctypes
import os
import signal
import subprocess
import sys

TRACEME, CONT, GETREGS, SETREGS = 0, 7, 12, 13
RIP = 16  # its place in struct user_regs_struct (sys/user.h)
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
Registers = ctypes.c_ulonglong * 27


def functions(program):
    """Names by address, one each: of several names the first."""
    names = {}
    for line in subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout.splitlines():
        address, kind, name = line.rsplit(maxsplit=2) if len(line.split()) == 3 else ("", "", "")
        if kind in ("t", "T", "w", "W"):
            names.setdefault(int(address, 16), name)
    return names


def ptrace(request, process, data=None):
    if libc.ptrace(request, process, None, data) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def start(program, arguments):
    process = os.fork()
    if process == 0:
        ptrace(TRACEME, 0)
        os.execv(program, [program, *arguments])
    os.waitpid(process, 0)
    return process


def called(program, arguments):
    names = functions(program)
    process = start(program, arguments)
    found = []
    with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
        def exchange(address, byte):
            memory.seek(address)
            before = memory.read(1)
            memory.seek(address)
            memory.write(byte)
            return before

        waiting = {address: exchange(address, b"\xcc") for address in names}
        registers = Registers()
        signal_to_pass = 0
        while True:
            ptrace(CONT, process, signal_to_pass)
            _, status = os.waitpid(process, 0)
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                return found, status
            signal_to_pass = os.WSTOPSIG(status)
            if signal_to_pass != signal.SIGTRAP:
                continue
            signal_to_pass = 0
            ptrace(GETREGS, process, ctypes.byref(registers))
            address = registers[RIP] - 1
            exchange(address, waiting.pop(address))
            found.append(names[address])
            registers[RIP] = address
            ptrace(SETREGS, process, ctypes.byref(registers))


if __name__ == "__main__":
    found, status = called(sys.argv[2], sys.argv[3:])
    with open(sys.argv[1], "a") as notes:
        notes.writelines(f"{name}\n" for name in found)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
