import Glibc
import NetworkModel
import Posix

/// One instruction of a socket filter: `struct sock_filter` of linux/filter.h.
private struct FilterInstruction {
    let code: UInt16
    let jumpIfTrue: UInt8
    let jumpIfFalse: UInt8
    let operand: UInt32

    init(_ code: UInt16, _ operand: UInt32, ifTrueSkip jumpIfTrue: UInt8 = 0, orSkip jumpIfFalse: UInt8 = 0) {
        self.code = code
        self.jumpIfTrue = jumpIfTrue
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
        try attach([
            FilterInstruction(0x28, 4),  // BPF_LD | BPF_H | BPF_ABS: nlmsg_type
            FilterInstruction(0x15, UInt32(type.bigEndian), orSkip: 1),  // BPF_JMP | BPF_JEQ | BPF_K
            .accept, .drop,
        ])
    }

    /// Lets the kernel drop what another socket's requests led to, but for messages of this type.
    ///
    /// The messages of one datagram are all of one transaction (net/netfilter/nf_tables_api.c, nft_commit_notify).
    func drop(from portID: UInt32, exceptType type: UInt16) throws(KernelError) {
        try attach([
            FilterInstruction(0x28, 4),  // BPF_LD | BPF_H | BPF_ABS: nlmsg_type
            FilterInstruction(0x15, UInt32(type.bigEndian), ifTrueSkip: 2),  // BPF_JMP | BPF_JEQ | BPF_K
            FilterInstruction(0x20, 12),  // BPF_LD | BPF_W | BPF_ABS: nlmsg_pid
            FilterInstruction(0x15, portID.bigEndian, ifTrueSkip: 1),
            .accept, .drop,
        ])
    }

    /// The filter loads in network order what netlink writes in the machine's.
    private func attach(_ instructions: [FilterInstruction]) throws(KernelError) {
        var program = instructions
        let result = unsafe program.withUnsafeMutableBufferPointer { instructions -> Int32 in
            guard let first = instructions.baseAddress else { return -1 }
            var filter = unsafe FilterProgram(count: UInt16(instructions.count), instructions: first)
            let length = socklen_t(unsafe MemoryLayout<FilterProgram>.size)
            return unsafe setsockopt(fileDescriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, length)
        }
        guard result == 0 else { throw KernelError("filter", "netlink events", errno: errno) }
    }
}

extension FilterInstruction {
    /// BPF_RET: all of the datagram.
    fileprivate static var accept: FilterInstruction { FilterInstruction(0x06, .max) }
    /// BPF_RET: nothing of it.
    fileprivate static var drop: FilterInstruction { FilterInstruction(0x06, 0) }
}
