import Glibc
import NetworkModel
import Posix

/// One instruction of a socket filter: `struct sock_filter` of linux/filter.h.
private struct FilterInstruction {
    let code: UInt16
    let jumpIfTrue: UInt8
    let jumpIfFalse: UInt8
    let operand: UInt32

    init(_ code: UInt16, _ operand: UInt32, orSkip jumpIfFalse: UInt8 = 0) {
        self.code = code
        jumpIfTrue = 0
        self.jumpIfFalse = jumpIfFalse
        self.operand = operand
    }
}

/// `struct sock_fprog`
@unsafe private struct FilterProgram {
    let count: UInt16
    let instructions: UnsafeMutablePointer<FilterInstruction>
}

extension NetlinkSocket {
    /// Lets the kernel drop every datagram that does not begin with a message of this type.
    func accept(onlyType type: UInt16) throws(KernelError) {
        // The filter loads in network order what netlink writes in the machine's.
        var program = [
            FilterInstruction(0x28, 4),  // BPF_LD | BPF_H | BPF_ABS: nlmsg_type
            FilterInstruction(0x15, UInt32(type.bigEndian), orSkip: 1),  // BPF_JMP | BPF_JEQ | BPF_K
            FilterInstruction(0x06, .max),  // BPF_RET: all of it
            FilterInstruction(0x06, 0),  // BPF_RET: nothing of it
        ]
        let result = unsafe program.withUnsafeMutableBufferPointer { instructions -> Int32 in
            guard let first = instructions.baseAddress else { return -1 }
            var filter = unsafe FilterProgram(count: UInt16(instructions.count), instructions: first)
            let length = socklen_t(unsafe MemoryLayout<FilterProgram>.size)
            return unsafe setsockopt(fileDescriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, length)
        }
        guard result == 0 else { throw KernelError("filter", "netlink events", errno: errno) }
    }
}
