import CNLRoute
import Glibc
import NetworkModel

/// The requests about queues and filters of links (net/sched/sch_api.c, cls_api.c).
enum ShapingMessages {
    /// The handle of the queue for what comes in, below which its filters are.
    private static let ingress: UInt32 = 0xffff_0000
    private static let create = NLM_F_CREATE | NLM_F_EXCL

    /// Makes a token bucket the root queue of a link that has none.
    static func addBucket(_ bucket: TokenBucket, index: Int32) -> Message {
        var message = message(RTM_NEWQDISC, create, index: index, parent: TC_H_ROOT)
        message.append(attribute: TCA_KIND, "tbf")
        var parameters = tc_tbf_qopt()
        // With a link layer that is known the kernel wants no table of sizes.
        parameters.rate.linklayer = ethernet
        parameters.rate.rate = UInt32(clamping: bucket.rate)
        parameters.buffer = bucket.buffer
        parameters.limit = bucket.limit
        message.nest(TCA_OPTIONS) { options in
            options.append(attribute: TCA_TBF_PARMS, structure: parameters)
            if bucket.rate > UInt32.max { options.append(attribute: TCA_TBF_RATE64, bucket.rate) }
        }
        return message
    }

    /// Removes the root queue.
    static func removeBucket(index: Int32) -> Message { message(RTM_DELQDISC, 0, index: index, parent: TC_H_ROOT) }

    /// Asks for the root queue; the kernel answers it as an echo.
    static func getRoot(index: Int32) -> Message { message(RTM_GETQDISC, NLM_F_ECHO, index: index, parent: TC_H_ROOT) }

    /// Makes the queue for what comes in.
    static func addIngress(index: Int32) -> Message {
        var message = message(RTM_NEWQDISC, create, index: index, parent: TC_H_INGRESS, handle: ingress)
        message.append(attribute: TCA_KIND, "ingress")
        return message
    }

    /// Removes it, and its filters with it.
    static func removeIngress(index: Int32) -> Message {
        message(RTM_DELQDISC, 0, index: index, parent: TC_H_INGRESS, handle: ingress)
    }

    /// Sends everything that comes in by another link. A u32 filter that compares nothing: many kernels have no matchall.
    static func addRedirect(to target: Int32, index: Int32) -> Message {
        let everyProtocol = UInt32(allProtocols.bigEndian)
        var message = message(RTM_NEWTFILTER, create, index: index, parent: ingress, info: 1 << 16 | everyProtocol)
        message.append(attribute: TCA_KIND, "u32")
        var redirection = tc_mirred()
        redirection.action = TC_ACT_STOLEN
        redirection.eaction = TCA_EGRESS_REDIR
        redirection.ifindex = UInt32(bitPattern: target)
        message.nest(TCA_OPTIONS) { options in
            options.append(attribute: TCA_U32_SEL, matchingAll)
            options.nest(TCA_U32_ACT) { actions in
                actions.nest(1) { action in
                    action.append(attribute: TCA_ACT_KIND, "mirred")
                    action.nest(TCA_ACT_OPTIONS) { $0.append(attribute: TCA_MIRRED_PARMS, structure: redirection) }
                }
            }
        }
        return message
    }

    /// Asks for the filters of what comes in.
    static func dumpFilters(index: Int32) -> Message { message(RTM_GETTFILTER, 0, index: index, parent: ingress) }

    /// `struct tc_u32_sel` with TC_U32_TERMINAL and one key, whose mask is 0.
    private static var matchingAll: [UInt8] { [1, 0, 1] + [UInt8](repeating: 0, count: 29) }
    /// TC_LINKLAYER_ETHERNET
    private static var ethernet: UInt8 { 1 }
    /// ETH_P_ALL
    private static var allProtocols: UInt16 { 3 }

    private static func message(
        _ type: Int,
        _ flags: Int32,
        index: Int32,
        parent: UInt32,
        handle: UInt32 = 0,
        info: UInt32 = 0
    ) -> Message {
        var header = tcmsg()
        header.tcm_ifindex = index
        header.tcm_parent = parent
        header.tcm_handle = handle
        header.tcm_info = info
        var message = Message(type: type, flags: flags)
        message.append(header)
        return message
    }
}

/// What the kernel says of a queue or a filter.
struct ShapingRecord {
    /// Set for a token bucket.
    private(set) var bucket: TokenBucket?
    /// The number of the link that a filter sends packets to.
    private(set) var target: Int32?
    private(set) var index: Int32
    private var kind = ""

    init(_ payload: RawSpan) throws(MalformedMessage) {
        index = try payload.load(at: 0, as: tcmsg.self).tcm_ifindex
        try forEachAttribute(in: payload, from: MemoryLayout<tcmsg>.size) { type, value throws(MalformedMessage) in
            if type == TCA_KIND { kind = value.string() }
            if type == TCA_OPTIONS, kind == "tbf" { try takeBucket(value) }
            if type == TCA_OPTIONS, kind == "u32" { try takeFilter(value) }
        }
    }

    private mutating func takeBucket(_ options: RawSpan) throws(MalformedMessage) {
        var rate64: UInt64?
        try forEachAttribute(in: options) { type, value throws(MalformedMessage) in
            if type == TCA_TBF_RATE64 { rate64 = try value.number() }
            if type == TCA_TBF_PARMS {
                let found = try value.load(at: 0, as: tc_tbf_qopt.self)
                bucket = TokenBucket(rate: UInt64(found.rate.rate), buffer: found.buffer, limit: found.limit)
            }
        }
        if let rate64 { bucket?.rate = rate64 }
    }

    private mutating func takeFilter(_ options: RawSpan) throws(MalformedMessage) {
        try forEachAttribute(in: options) { type, value throws(MalformedMessage) in
            guard type == TCA_U32_ACT else { return }
            try forEachAttribute(in: value) { _, action throws(MalformedMessage) in try takeAction(action) }
        }
    }

    private mutating func takeAction(_ action: RawSpan) throws(MalformedMessage) {
        var name = ""
        try forEachAttribute(in: action) { type, value throws(MalformedMessage) in
            if type == TCA_ACT_KIND { name = value.string() }
            guard type == TCA_ACT_OPTIONS, name == "mirred" else { return }
            try forEachAttribute(in: value) { type, value throws(MalformedMessage) in
                guard type == TCA_MIRRED_PARMS else { return }
                let found = try value.load(at: 0, as: tc_mirred.self)
                if found.eaction == TCA_EGRESS_REDIR { target = Int32(bitPattern: found.ifindex) }
            }
        }
    }
}
