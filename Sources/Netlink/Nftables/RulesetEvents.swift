import CNFTNL
package import NetworkModel

/// A change of the ruleset, by anybody.
package struct RulesetEvent: Hashable, Sendable {
    /// The number of the ruleset since then.
    package let generation: UInt32
    /// The socket that made it: that of `NftablesSocket.portID` for our own commits.
    package let portID: UInt32
    /// The thread that made it, by its number in the first process namespace; for `nft` that is the process.
    package let processID: UInt32
    /// The first 15 bytes of its name: `nft`, `podnetd`.
    package let processName: String

    /// Reads an NFT_MSG_NEWGEN, which is also what NFT_MSG_GETGEN is answered with.
    init(_ header: MessageHeader, _ payload: RawSpan) throws(MalformedMessage) {
        var generation: UInt32?
        var processID: UInt32 = 0
        var processName = ""
        try forEachAttribute(in: payload, from: MemoryLayout<nfgenmsg>.size) { type, value throws(MalformedMessage) in
            switch type {
            case Int(NFTA_GEN_ID.rawValue): generation = try value.bigEndian()
            case Int(NFTA_GEN_PROC_PID.rawValue): processID = try value.bigEndian()
            case Int(NFTA_GEN_PROC_NAME.rawValue): processName = value.string()
            default: break
            }
        }
        guard let generation else { throw MalformedMessage("ruleset generation without a number") }
        self.generation = generation
        portID = header.portID
        self.processID = processID
        self.processName = processName
    }
}

/// Tells who changed the ruleset of a namespace, our own commits included.
///
/// The kernel also says what was changed, one message an object; those are dropped in the kernel (a filter on the
/// socket), so that a commit of 100,000 elements is still one event here.
package struct RulesetEvents: ~Copyable, Sendable {
    private var socket: NetlinkSocket

    /// Subscribes in the calling thread's namespace; every commit from now on is reported.
    package init() throws(KernelError) {
        socket = try Self.subscribed()
    }

    private static func subscribed() throws(KernelError) -> NetlinkSocket {
        let socket = try NetlinkSocket(.netfilter, receiveBuffer: 1 << 20)
        try socket.accept(onlyType: UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(NFT_MSG_NEWGEN.rawValue))
        try socket.subscribe(to: Int(NFNLGRP_NFTABLES.rawValue))
        return socket
    }

    /// The descriptor's number, to poll for events together with others.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Events in the kernel's order.
    package struct Batch: Hashable, Sendable {
        /// What was changed, oldest first.
        package var events: [RulesetEvent] = []
        /// Whether there were more than the socket's buffer held: read the ruleset anew.
        package var missed = false
    }

    /// Waits for events, nil for ever, and returns all that are queued by then; none when the time is over.
    package mutating func wait(atMost timeout: Duration?) throws(KernelError) -> Batch {
        var batch = Batch()
        let outcome = try socket.waitForEvents(atMost: timeout) { header, payload throws(MalformedMessage) in
            if header.isNewGeneration { batch.events.append(try RulesetEvent(header, payload)) }
        }
        batch.missed = outcome == .missed
        return batch
    }

    /// The events that are queued, without waiting; for callers that poll the descriptor themselves.
    package mutating func readQueued() throws(KernelError) -> Batch {
        var batch = Batch()
        let outcome = try socket.readEvents { header, payload throws(MalformedMessage) in
            if header.isNewGeneration { batch.events.append(try RulesetEvent(header, payload)) }
        }
        batch.missed = outcome == .missed
        return batch
    }
}

extension MessageHeader {
    fileprivate var isNewGeneration: Bool {
        type == UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(NFT_MSG_NEWGEN.rawValue)
    }
}
